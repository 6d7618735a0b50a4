import { defineConfig } from "vitest/config";

/** The engine's cases once more, on another driver than better-sqlite3. */
const onDriver = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: ["tests/engine.test.ts"],
    env: { SYNCKIT_TEST_DRIVER: name },
  },
});

/** What capture promises, and the engine's cases, once more with tables that are captured by key. */
const byKey = {
  extends: true as const,
  test: {
    name: "capture: keys",
    include: ["tests/engine.test.ts", "tests/capture{,-apply,-replay,-values}.test.ts", "tests/hazards-capture.test.ts"],
    env: { SYNCKIT_TEST_CAPTURE: "keys" },
  },
};

// Workspace packages are tested from their sources; only the command-line tools run from dist.
export default defineConfig({
  ssr: { resolve: { conditions: ["synckit-source", "node"] } },
  resolve: { conditions: ["synckit-source", "node"] },
  test: {
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "all", include: ["*/src/**/*.test.ts", "tests/**/*.test.ts", "examples/*/**/*.test.ts"] } },
      onDriver("node:sqlite"),
      onDriver("sqlite-wasm"),
      byKey,
    ],
  },
});

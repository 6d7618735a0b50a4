import { defineConfig } from "vitest/config";
import { services } from "./tests/services/running.ts";
import { placeOf } from "./tests/sim/mutations/place.ts";

/** The engine's cases once more, on another driver than better-sqlite3. */
const onDriver = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: ["tests/engine.test.ts", "tests/key-classes.test.ts", "tests/held-rows.test.ts"],
    env: { SYNCKIT_TEST_DRIVER: name },
  },
});

/** What capture promises, and the engine's cases, once more with tables that are captured by key. */
const byKey = {
  extends: true as const,
  test: {
    name: "capture: keys",
    include: [
      "tests/engine.test.ts",
      "tests/key-classes.test.ts",
      "tests/held-rows.test.ts",
      "tests/life-cycle.test.ts",
      "tests/unique-values.test.ts",
      "tests/capture{,-apply,-replay,-values}.test.ts",
      "tests/hazards-capture.test.ts",
    ],
    env: { SYNCKIT_TEST_CAPTURE: "keys" },
  },
};

/** What devices do with a server, once more over a real PostgreSQL and a real S3 server (tests/support/start-server.ts). */
const overStores = ["auto-sync", "blobs", "change-notices", "client", "first-run", "life-cycle", "lost-replies", "server-pages"];
const onPostgresAndS3 = {
  extends: true as const,
  test: {
    name: "postgres+s3",
    include: overStores.map((name) => `tests/${name}.test.ts`),
    env: { SYNCKIT_TEST_STORES: "postgres+s3" },
  },
};
const hasStores = services.postgres !== null && services.s3 !== null;
if (!hasStores) process.stderr.write("postgres+s3: skipped, start PostgreSQL and S3 with `npm run services`\n");

const PATIENCE_MS = 300_000;

/** Puts a deliberate fault into the engine (`npm run sim:mutations`), while its source is loaded. Vitest's cache must not keep it. */
function withFault(name: string) {
  const { file, find, replace } = placeOf(name);
  const transform = (code: string, id: string): string | null => (id === file ? code.replace(find, () => replace) : null);
  return { name: "deliberate-fault", enforce: "pre" as const, transform };
}
const fault = process.env["SYNCKIT_FAULT"];

// Workspace packages are tested from their sources; only the command-line tools run from dist.
export default defineConfig({
  ssr: { resolve: { conditions: ["synckit-source", "node"] } },
  resolve: { conditions: ["synckit-source", "node"] },
  plugins: fault === undefined ? [] : [withFault(fault)],
  test: {
    exclude: ["**/node_modules/**", "**/dist/**"],
    fsModuleCache: fault === undefined,
    // Patience and no measure: what hangs is found, and what is slow on a busy machine passes.
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS / 2 } },
    setupFiles: ["tests/fuzz/setup.ts"],
    projects: [
      { extends: true, test: { name: "all", include: ["*/src/**/*.test.ts", "tests/**/*.test.ts", "examples/*/**/*.test.ts"] } },
      onDriver("node:sqlite"),
      onDriver("sqlite-wasm"),
      byKey,
      ...(hasStores ? [onPostgresAndS3] : []),
    ],
  },
});

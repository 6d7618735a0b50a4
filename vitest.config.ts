import { defineConfig } from "vitest/config";

// Workspace packages are tested from their sources; only the command-line tools run from dist.
export default defineConfig({
  ssr: { resolve: { conditions: ["synckit-source", "node", "import", "default"] } },
  resolve: { conditions: ["synckit-source", "node", "import", "default"] },
  test: {
    include: ["*/src/**/*.test.ts", "tests/**/*.test.ts", "examples/*/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
  },
});

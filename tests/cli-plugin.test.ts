/** The build-tool plugin, in each tool as its users run it: a tiny project is built, broken, repaired and watched. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { rollup, watch as watchRollup } from "rollup";
import type { RollupLog } from "rollup";
import { synckit } from "synckit-gen/plugin";
import type { SynckitOptions } from "synckit-gen/plugin";
import { build as buildVite, createServer, createLogger } from "vite";
import webpack from "webpack";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID, WRONG } from "./support/cli-home.ts";

let home: CliHome;
let options: SynckitOptions;
beforeEach(() => {
  home = new CliHome();
  home.put("synckit.yaml", VALID);
  home.put("src/main.js", `import { upsertOrder } from "./sync/order.ts";\nglobalThis.order = upsertOrder;\n`);
  options = { cwd: home.path, schema: "synckit.yaml" };
});
afterEach(() => {
  home.dispose();
});

const entry = (): string => join(home.path, "src/main.js");
const out = (): string => join(home.path, "out");
const bundle = (): string => readFileSync(join(out(), "main.js"), "utf8");
const NULLABLE = VALID.replace("title: text", "title: text?");
/** Rollup reads no TypeScript; types are all that there is to strip. */
const stripTypes = { name: "strip-types", transform: (code: string) => code.replaceAll(/^export type [^;]+;|as const/gmsu, "") };

interface Tool {
  readonly name: string;
  /** Rejects with the tool's own error. */
  readonly build: (options: SynckitOptions) => Promise<unknown>;
  /** Where the error says that it is: line from 1, column from 0. */
  readonly placeOf: (error: unknown) => unknown;
}

const rollupPlace = (error: unknown): unknown => {
  const { loc, pluginCode } = error as RollupLog;
  return { file: loc?.file, line: loc?.line, column: loc?.column, code: pluginCode };
};

/** Vite prints what it was told: the text is the error. */
function placeInText(error: unknown): unknown {
  const [, file, line, column, code] = /(\S+\.yaml):(\d+):(\d+) {2}error {2}(\S+)/u.exec(String(error)) ?? [];
  return { file, line: Number(line), column: Number(column) - 1, code };
}

const TOOLS: readonly Tool[] = [
  {
    name: "Rollup",
    build: async (given) => {
      const built = await rollup({ input: entry(), plugins: [synckit.rollup(given), stripTypes], onLog: () => {} });
      return built.write({ file: join(out(), "main.js") });
    },
    placeOf: rollupPlace,
  },
  {
    name: "Vite",
    build: (given) =>
      buildVite({
        root: home.path,
        logLevel: "silent",
        configFile: false,
        plugins: [synckit.vite(given)],
        build: { outDir: "out", lib: { entry: entry(), formats: ["es"], fileName: () => "main.js" }, minify: false },
      }),
    placeOf: placeInText,
  },
  {
    name: "esbuild",
    build: (given) =>
      esbuild.build({ entryPoints: [entry()], outdir: out(), bundle: true, logLevel: "silent", plugins: [synckit.esbuild(given)] }),
    placeOf: (error) => {
      const [first] = (error as esbuild.BuildFailure).errors;
      return { file: first?.location?.file, line: first?.location?.line, column: first?.location?.column, code: first?.text.split(":")[0] };
    },
  },
  {
    name: "webpack",
    build: (given) =>
      new Promise((resolve, reject) => {
        const compiler = webpack({
          mode: "development",
          devtool: false,
          context: home.path,
          entry: entry(),
          output: { path: out(), filename: "main.js" },
          module: { rules: [{ test: /\.ts$/u, type: "javascript/auto" }] },
          plugins: [synckit.webpack(given)],
        });
        compiler.run((error, stats) => {
          compiler.close(() => {
            // What webpack reads as JavaScript is TypeScript: only the plugin's own errors count here.
            const [own] = stats?.compilation.errors.filter(({ name }) => name === "synckit-gen") ?? [];
            const failure = error ?? own;
            if (failure == null) resolve(stats);
            else reject(failure);
          });
        });
      }),
    placeOf: (error) => {
      const { file, loc } = error as {
        readonly file: string;
        readonly loc: { readonly start: { readonly line: number; readonly column: number } };
      };
      return { file, ...loc.start, code: /column\/unknown-type/u.exec(String(error))?.[0] };
    },
  },
];

describe.each(TOOLS)("$name", ({ build, placeOf }) => {
  test("generates what the build then reads", async () => {
    await build(options);

    expect(bundle()).toContain("notes");
    expect(home.run(["check"]).code).toBe(0);
  });

  test("writes nothing where nothing has changed", async () => {
    await build(options);
    const before = home.snapshot().filter(([path]) => path.includes("src"));

    await build(options);

    expect(home.snapshot().filter(([path]) => path.includes("src"))).toEqual(before);
  });

  test("reports a broken schema as its own error, with the place, and keeps the last good output", async () => {
    await build(options);
    home.put("synckit.yaml", WRONG);
    const before = home.snapshot().filter(([path]) => path.includes("src"));

    const error: unknown = await build(options).then(
      () => null,
      (reason: unknown) => reason,
    );

    expect(placeOf(error)).toMatchObject({
      file: expect.stringMatching(/synckit\.yaml$/u),
      line: 5,
      column: 22,
      code: "column/unknown-type",
    });
    expect(home.snapshot().filter(([path]) => path.includes("src"))).toEqual(before);
  });

  test("with `check` it writes nothing, and fails where a file is not current", async () => {
    home.run(["generate"]);
    await build({ ...options, check: true });
    home.put("synckit.yaml", NULLABLE);
    const before = home.snapshot().filter(([path]) => path.includes("src"));

    await expect(build({ ...options, check: true })).rejects.toThrow(/is not what the schema gives now: stale/u);
    expect(home.snapshot().filter(([path]) => path.includes("src"))).toEqual(before);
  });
});

/** Values as they arrive; each is taken once. */
function queue<T>(): { readonly put: (value: T) => void; readonly take: () => Promise<T> } {
  const values: T[] = [];
  const waiting: ((value: T) => void)[] = [];
  return {
    put: (value) => {
      const next = waiting.shift();
      if (next === undefined) values.push(value);
      else next(value);
    },
    take: () => {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value);
    },
  };
}

/** Takes until one fits: a rebuild may be told of more than once. */
async function takeUntil<T>(take: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await take();
    if (fits(value)) return value;
  }
}

const tables = (): string => home.read("src/sync/tables.ts");

/** Saves until it is noticed: a tool's own watcher may not be ready yet, or drop what comes right after another change. */
async function saveUntil(schema: string, isNoticed: () => boolean): Promise<void> {
  let saves = 0;
  const save = (): boolean => {
    if (isNoticed()) return true;
    home.put("synckit.yaml", `${schema}${"#\n".repeat(saves++)}`);
    return false;
  };
  await expect.poll(save, { interval: 250 }).toBe(true);
}

const isRepaired = (): boolean => tables().includes("title: string | null;");

describe("watching", () => {
  test("Rollup rebuilds when the schema changes, and survives a broken one", async () => {
    const codes: string[] = [];
    const watcher = watchRollup({
      input: entry(),
      output: { file: join(out(), "main.js") },
      plugins: [synckit.rollup(options), stripTypes],
      onLog: () => {},
    });
    watcher.on("event", (event) => {
      codes.push(event.code);
    });
    try {
      await expect.poll(() => codes).toContain("END");
      await saveUntil(WRONG, () => codes.includes("ERROR"));
      expect(tables()).toContain("title: string;");
      await saveUntil(NULLABLE, isRepaired);
      await expect.poll(() => codes.slice(codes.lastIndexOf("ERROR"))).toContain("BUNDLE_END");
    } finally {
      await watcher.close();
    }
  });

  test("esbuild rebuilds when the schema changes, and survives a broken one", async () => {
    const results = queue<readonly esbuild.Message[]>();
    const tell: esbuild.Plugin = { name: "tell", setup: (build) => build.onEnd(({ errors }) => results.put(errors)) };
    const context = await esbuild.context({
      entryPoints: [entry()],
      outdir: out(),
      bundle: true,
      logLevel: "silent",
      plugins: [synckit.esbuild(options), tell],
    });
    try {
      await context.watch();
      await results.take();
      home.put("synckit.yaml", WRONG);
      await takeUntil(results.take, (errors) => errors.length === 3);
      home.put("synckit.yaml", NULLABLE);
      await takeUntil(results.take, (errors) => errors.length === 0);

      expect(tables()).toContain("title: string | null;");
    } finally {
      await context.dispose();
    }
  });

  test("webpack rebuilds when the schema changes, and survives a broken one", async () => {
    const results = queue<number>();
    const compiler = webpack({
      mode: "development",
      devtool: false,
      context: home.path,
      entry: entry(),
      output: { path: out(), filename: "main.js" },
      module: { rules: [{ test: /\.ts$/u, type: "javascript/auto" }] },
      plugins: [synckit.webpack(options)],
    });
    const watching = compiler.watch({ aggregateTimeout: 5 }, (_error, stats) => {
      results.put(stats?.compilation.errors.filter(({ name }) => name === "synckit-gen").length ?? -1);
    });
    try {
      await results.take();
      home.put("synckit.yaml", WRONG);
      await takeUntil(results.take, (errors) => errors === 3);
      home.put("synckit.yaml", NULLABLE);
      await takeUntil(results.take, (errors) => errors === 0 && tables().includes("title: string | null;"));

      expect(tables()).toContain("title: string | null;");
    } finally {
      await new Promise((resolve) => watching?.close(resolve));
    }
  });

  test("Vite's server serves on with the last good output, shows what is wrong, and follows the fix", async () => {
    let shown = "";
    const logger = createLogger("silent");
    logger.error = (text) => (shown += text);
    const server = await createServer({
      root: home.path,
      configFile: false,
      customLogger: logger,
      plugins: [synckit.vite(options)],
      server: { middlewareMode: true, ws: false },
    });
    try {
      expect(tables()).toContain("title: string;");
      await saveUntil(WRONG, () => shown.includes("synckit.yaml:5:23  error  column/unknown-type"));
      expect(tables()).toContain("title: string;");
      await saveUntil(NULLABLE, isRepaired);
    } finally {
      await server.close();
    }
  });
});

/**
 * The sync layer kept current by Vite, Rollup, Rolldown, webpack or esbuild. The schema
 * becomes a watched file; its findings are the build tool's own errors and warnings, with their place.
 */
import { createUnplugin } from "unplugin";
import { createKeeper } from "./keeper.ts";
import type { Finding, Keeper, Kept, SynckitOptions } from "./keeper.ts";
import type { EsbuildBuild, EsbuildMessage, RollupHooks, RollupLog, ViteServer, WebpackCompiler } from "./tools.ts";

const NAME = "synckit-gen";

/** One plugin for each build tool: `plugins: [synckit.vite()]`. */
export interface SynckitPlugins {
  readonly vite: (options?: SynckitOptions) => RollupHooks & { name: string };
  readonly rollup: (options?: SynckitOptions) => RollupHooks & { name: string };
  readonly rolldown: (options?: SynckitOptions) => RollupHooks & { name: string };
  readonly webpack: (options?: SynckitOptions) => { apply: (compiler: WebpackCompiler) => void };
  readonly esbuild: (options?: SynckitOptions) => { name: string; setup: (build: EsbuildBuild) => void | Promise<void> };
}

export const synckit: SynckitPlugins = createUnplugin((options: SynckitOptions | undefined) => {
  const keeper = createKeeper(options ?? {});
  return {
    name: NAME,
    rollup: rollupHooks(keeper),
    rolldown: rollupHooks(keeper),
    vite: viteHooks(keeper),
    webpack: (compiler) => intoWebpack(compiler, keeper),
    esbuild: { setup: (build) => intoEsbuild(build, keeper) },
  };
});

const errorsIn = ({ findings }: Kept): readonly Finding[] => findings.filter(({ severity }) => severity === "error");
const warningsIn = ({ findings }: Kept): readonly Finding[] => findings.filter(({ severity }) => severity === "warning");

function rollupHooks(keeper: Keeper): RollupHooks {
  return {
    async buildStart() {
      const kept = await keeper.keep();
      for (const path of kept.inputs) this.addWatchFile(path);
      for (const finding of warningsIn(kept)) this.warn(rollupLog([finding]));
      const errors = errorsIn(kept);
      if (errors.length > 0) this.error(rollupLog(errors));
    },
  };
}

/** Rollup stops at one error, so all of them are in its text; the first one is its place. */
function rollupLog(findings: readonly Finding[]): RollupLog {
  const [first] = findings;
  const message = findings.map(({ text }) => text).join("\n\n");
  if (first === undefined || first.at.line === 0) return { message };
  const loc = { file: first.file, line: first.at.line, column: first.at.column - 1 };
  return { message, id: first.file, loc, pluginCode: first.code };
}

/** A development server must outlive a broken schema: what is wrong is shown, and the last good output served. */
function viteHooks(keeper: Keeper): RollupHooks {
  const hooks = rollupHooks(keeper);
  let isServing = false;
  const serve = async (server: ViteServer): Promise<readonly string[]> => {
    const kept = await keeper.keep();
    for (const { text } of warningsIn(kept)) server.config.logger.warn(text);
    const text = errorsIn(kept)
      .map((finding) => finding.text)
      .join("\n\n");
    if (text !== "") {
      server.config.logger.error(text);
      server.ws.send({ type: "error", err: { message: text, stack: "", plugin: NAME } });
    }
    return kept.inputs;
  };
  return {
    ...hooks,
    async buildStart() {
      if (!isServing) await hooks.buildStart?.call(this);
    },
    async configureServer(server) {
      isServing = true;
      const inputs = new Set<string>();
      const follow = async (): Promise<void> => {
        const found = await serve(server);
        server.watcher.add([...found]);
        for (const path of found) inputs.add(path);
      };
      const onChange = (path: string): void => {
        if (inputs.has(path)) follow().catch((error: unknown) => server.config.logger.error(String(error)));
      };
      for (const event of ["add", "change", "unlink"] as const) server.watcher.on(event, onChange);
      await follow();
      // What was edited before the watcher was ready made no event.
      server.watcher.on("ready", () => [...inputs].slice(0, 1).forEach(onChange));
    },
  };
}

function intoWebpack({ hooks }: WebpackCompiler, keeper: Keeper): void {
  let kept: Kept = { inputs: [], findings: [] };
  // Before anything is read: what is generated now is what this build sees.
  const keep = async (): Promise<void> => {
    kept = await keeper.keep();
  };
  hooks.run.tapPromise(NAME, keep);
  hooks.watchRun.tapPromise(NAME, keep);
  hooks.thisCompilation.tap(NAME, (compilation) => {
    for (const path of kept.inputs) compilation.fileDependencies.add(path);
    // Not thrown: webpack ends its watch over what a plugin throws.
    compilation.errors.push(...errorsIn(kept).map(webpackError));
    compilation.warnings.push(...warningsIn(kept).map(webpackError));
  });
}

/** Under webpack's names for a place. */
function webpackError({ text, file, at }: Finding): Error {
  const error = new Error(text);
  error.name = NAME;
  error.stack = "";
  const loc = { start: { line: at.line, column: at.column - 1 }, end: { line: at.endLine, column: at.endColumn - 1 } };
  return Object.assign(error, { file, ...(at.line === 0 ? {} : { loc }) });
}

function intoEsbuild(build: EsbuildBuild, keeper: Keeper): void {
  let kept: Kept = { inputs: [], findings: [] };
  build.onStart(async () => {
    kept = await keeper.keep();
  });
  // esbuild watches what a resolved module names; it asks for the entry points in every build.
  build.onResolve({ filter: /.*/ }, ({ kind }) => (kind === "entry-point" ? { watchFiles: [...kept.inputs] } : undefined));
  // At the end rather than at the start: a build that fails at its start watches nothing, and would never see the fix.
  build.onEnd(() => ({ errors: errorsIn(kept).map(esbuildMessage), warnings: warningsIn(kept).map(esbuildMessage) }));
}

function esbuildMessage({ code, message, fix, suggestion, file, at, lineText }: Finding): EsbuildMessage {
  const text = `${code}: ${message} ${fix}${suggestion === undefined ? "" : ` Did you mean "${suggestion}"?`}`;
  if (at.line === 0) return { text: `${file}: ${text}` };
  // esbuild counts bytes.
  const bytes = (part: string): number => Buffer.byteLength(part);
  const column = bytes(lineText.slice(0, at.column - 1));
  const marked = lineText.slice(at.column - 1, at.endLine === at.line ? at.endColumn - 1 : undefined);
  return { text, location: { file, line: at.line, column, length: bytes(marked), lineText } };
}

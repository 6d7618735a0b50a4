/**
 * The part of unplugin that `plugin.ts` uses. Its own declarations import those of ten build tools, which do not compile
 * where one of them is not installed; tsconfig.json maps the name to this file.
 */
import type { EsbuildBuild, RollupHooks, WebpackCompiler } from "./tools.ts";

interface Hooks {
  readonly name: string;
  readonly rollup?: RollupHooks;
  readonly rolldown?: RollupHooks;
  readonly vite?: RollupHooks;
  readonly webpack?: (compiler: WebpackCompiler) => void;
  readonly esbuild?: { readonly setup: (build: EsbuildBuild) => void };
}

type Make<Options, Plugin> = (options?: Options) => Plugin;

export function createUnplugin<Options>(factory: (options: Options | undefined) => Hooks): {
  readonly rollup: Make<Options, RollupHooks & { name: string }>;
  readonly rolldown: Make<Options, RollupHooks & { name: string }>;
  readonly vite: Make<Options, RollupHooks & { name: string }>;
  readonly webpack: Make<Options, { apply: (compiler: WebpackCompiler) => void }>;
  readonly esbuild: Make<Options, { name: string; setup: (build: EsbuildBuild) => void | Promise<void> }>;
};

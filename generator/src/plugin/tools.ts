/** What the plugin uses of each build tool, so that nobody needs the types of tools that they do not have. */

/** A message with a place, as Rollup and Vite take it. Lines count from 1, columns from 0. */
export interface RollupLog {
  readonly message: string;
  readonly id?: string;
  readonly loc?: { readonly file: string; readonly line: number; readonly column: number };
  readonly pluginCode?: string;
}

export interface RollupContext {
  addWatchFile(id: string): void;
  error(log: RollupLog): never;
  warn(log: RollupLog): void;
}

/** What is used of Vite's development server. */
export interface ViteServer {
  readonly config: { readonly logger: { error(text: string): void; warn(text: string): void } };
  readonly watcher: {
    add(paths: string[]): unknown;
    on(event: "add" | "change" | "unlink" | "ready", listener: (path: string) => void): unknown;
  };
  readonly ws: { send(payload: { type: "error"; err: { message: string; stack: string; plugin: string } }): void };
}

export interface RollupHooks {
  buildStart?(this: RollupContext): Promise<void>;
  /** Vite's only. */
  configureServer?(server: ViteServer): Promise<void>;
}

export interface EsbuildMessage {
  readonly text: string;
  readonly location?: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly length: number;
    readonly lineText: string;
  };
}

export interface EsbuildBuild {
  onStart(callback: () => Promise<void>): void;
  onResolve(options: { filter: RegExp }, callback: (found: { kind: string }) => { watchFiles: string[] } | undefined): void;
  onEnd(callback: () => { errors: EsbuildMessage[]; warnings: EsbuildMessage[] }): void;
}

export interface WebpackCompilation {
  readonly errors: unknown[];
  readonly warnings: unknown[];
  readonly fileDependencies: { add(path: string): unknown };
}

export interface WebpackCompiler {
  readonly hooks: {
    readonly run: { tapPromise(name: string, run: () => Promise<void>): void };
    readonly watchRun: { tapPromise(name: string, run: () => Promise<void>): void };
    readonly thisCompilation: { tap(name: string, run: (compilation: WebpackCompilation) => void): void };
  };
}

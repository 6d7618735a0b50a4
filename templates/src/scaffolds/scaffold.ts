/**
 * Templates for new apps. A template is a folder with `scaffold.json` and `files/`: what ends in `.hbs` is rendered, a leading
 * `_` stands for a dot, everything else is copied. Adding a template is adding a folder.
 */
import type { EmitContext } from "@synckit-gen/schemas/model";
import { strictTemplate } from "./strict-template.ts";

/** Where the templates are, in the sources and in the published package alike. */
export const scaffoldsFolder = new URL("../../scaffolds/", import.meta.url);

export interface ScaffoldManifest {
  /** What one gets, in a line. */
  readonly summary: string;
  /** How the sync layer is generated in it. */
  readonly generate: { readonly importSuffix: EmitContext["importSuffix"] };
  /** Commands to run afterwards, in order. */
  readonly next: readonly string[];
}

/** What a template may ask for. */
export interface ScaffoldView {
  readonly app: string;
  readonly packageName: string;
  readonly dependencies: ScaffoldDependencies;
  /** The machine's Node is too old: the app gets one of its own. */
  readonly bringsNode: boolean;
}

export interface ScaffoldDependencies {
  readonly runtime: string;
  readonly schemas: string;
  readonly server: string;
  readonly generator: string;
  readonly betterSqlite3: string;
  readonly betterSqlite3Types: string;
  readonly kysely: string;
  readonly node: string;
  readonly nodeTypes: string;
  readonly typescript: string;
}

/** Versions that are tested together. */
const THIRD_PARTY = {
  betterSqlite3: "13.2.0",
  betterSqlite3Types: "9.6.0",
  kysely: "0.29.9",
  node: "24.21.0",
  nodeTypes: "24.19.2",
  typescript: "7.0.2",
} as const;

/** `repository`: a folder of sources instead of published packages. */
export function scaffoldDependencies(version: string, repository: string | null): ScaffoldDependencies {
  const own = (folder: string): string => (repository === null ? version : `file:${repository}/${folder}`);
  return {
    runtime: own("runtime"),
    schemas: own("schemas"),
    server: own("server"),
    generator: own("generator"),
    ...THIRD_PARTY,
  };
}

export interface ScaffoldFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The files of a new app, from those of a template. */
export const renderScaffold = (files: readonly ScaffoldFile[], view: ScaffoldView): readonly ScaffoldFile[] =>
  files.map(({ path, text }) => {
    const dotted = path.replaceAll(/(^|\/)_/gu, "$1.");
    return dotted.endsWith(".hbs") ? { path: dotted.slice(0, -".hbs".length), text: strictTemplate(text)(view) } : { path: dotted, text };
  });

/** Throws where the text is no manifest: a template is ours or chosen by name, so that is a bug of its author. */
export function parseManifest(text: string): ScaffoldManifest {
  const found: unknown = JSON.parse(text);
  if (typeof found !== "object" || found === null || !("summary" in found) || !("generate" in found) || !("next" in found))
    throw new Error("parseManifest: not a scaffold.json");
  return found as ScaffoldManifest;
}

/**
 * Keeps the output of one schema current for a build tool. Most calls find by hashes that nothing is to be done; so does the
 * one in the rebuild that the plugin's own writing causes. A tool that stays pays for an edit what watching pays for it.
 */
import { resolve } from "node:path";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { renderDiagnostics } from "../cli/render.ts";
import { findSchema, SCHEMA_FILE } from "../load/load-schema.ts";
import { ProjectMemory } from "../project/project-memory.ts";
import { runProject } from "../project/run-project.ts";
import type { ProjectOutcome } from "../project/run-project.ts";
import { staleFindings } from "../project/stale-findings.ts";

export interface SynckitOptions {
  /** The schema. Default: `synckit.yaml`, in `cwd` or in a folder above. */
  readonly schema?: string;
  /** The output folder. Default: `src/sync` beside the schema. */
  readonly out?: string;
  /** What paths are relative to. Default: the working directory. */
  readonly cwd?: string;
  readonly importSuffix?: ".js" | ".ts" | "";
  /** Modules with emitters of your own. */
  readonly emitters?: readonly string[];
  /** True: write nothing, and fail the build where a file is not current. For CI. */
  readonly check?: boolean;
}

export interface Kept {
  /** Absolute paths of what should be watched. */
  readonly inputs: readonly string[];
  readonly findings: readonly Finding[];
}

/** A diagnostic with what a build tool may want to show with it. */
export interface Finding extends Diagnostic {
  /** Absolute. */
  readonly file: string;
  /** The whole line; empty for a finding about the file as a whole. */
  readonly lineText: string;
  /** As the command line shows it: place, message, code frame, fix. */
  readonly text: string;
}

export interface Keeper {
  /** Generates where needed. Calls at once share one run: Vite starts several builds in parallel. */
  readonly keep: () => Promise<Kept>;
}

export function createKeeper(options: SynckitOptions): Keeper {
  const memory = new ProjectMemory();
  let running: Promise<Kept> | null = null;
  return {
    keep: () => {
      running ??= keepOnce(options, memory).finally(() => {
        running = null;
      });
      return running;
    },
  };
}

async function keepOnce(options: SynckitOptions, memory: ProjectMemory): Promise<Kept> {
  const cwd = resolve(options.cwd ?? ".");
  const schema = options.schema === undefined ? (findSchema(cwd) ?? resolve(cwd, SCHEMA_FILE)) : resolve(cwd, options.schema);
  const outcome = await runProject({
    cwd,
    memory,
    schema,
    out: options.out,
    mode: options.check === true ? "compare" : "write",
    isForced: false,
    isFull: false,
    showsDiff: false,
    importSuffix: options.importSuffix,
    emitters: options.emitters,
    loadEmitters: async () => (await import("@synckit-gen/templates")).emitters,
  });
  const diagnostics = options.check === true ? [...outcome.diagnostics, ...staleFindings(outcome)] : outcome.diagnostics;
  return {
    inputs: [...new Set([schema, ...outcome.inputs])],
    findings: diagnostics.map((diagnostic) => findingOf(diagnostic, outcome, cwd)),
  };
}

function findingOf(diagnostic: Diagnostic, { sources }: ProjectOutcome, cwd: string): Finding {
  const lines = sources.get(diagnostic.at.file)?.split(/\r\n|\n|\r/u);
  return {
    ...diagnostic,
    file: resolve(cwd, diagnostic.at.file),
    lineText: lines?.[diagnostic.at.line - 1] ?? "",
    text: renderDiagnostics([diagnostic], sources).replace(/\n\n[^\n]*\n$/u, ""),
  };
}

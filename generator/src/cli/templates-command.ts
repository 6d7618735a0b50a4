/** `templates`: what the emitters are, and a copy of one as the start of your own. */
import { extname, resolve } from "node:path";
import { closest } from "../closest.ts";
import { loadEmitterSource } from "../load/load-emitter-source.ts";
import { reasonOf, shownPath } from "../load/shown-path.ts";
import { OutputRefused } from "../write/output-folder.ts";
import { writeNewFile } from "../write/write-new-file.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { printReport } from "./report.ts";
import { didYouMean } from "./usage.ts";

export interface TemplatesRequest extends CommonOptions {
  readonly command: "templates";
  readonly action: "list" | "eject";
  readonly emitter: string | undefined;
  readonly out: string | undefined;
  readonly isForced: boolean;
}

export async function runTemplates(request: TemplatesRequest, host: Host): Promise<ExitCode> {
  const { extraEmitters } = await import("@synckit-gen/templates");
  const emitters = [...(await host.loadEmitters()), ...extraEmitters];
  if (request.action === "eject") {
    const refusal = eject(
      request,
      emitters.map(({ name }) => name),
      host,
    );
    if (refusal === null) return EXIT.ok;
    host.stderr.write(`${refusal}\n`);
    return EXIT.unusable;
  }
  const details = { emitters: emitters.map(({ name, summary }) => ({ name, summary })) };
  if (printReport({ command: "templates", status: "ok", diagnostics: [], sources: new Map(), details }, request, host)) return EXIT.ok;
  const width = Math.max(...emitters.map(({ name }) => name.length));
  host.stdout.write(emitters.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join(""));
  return EXIT.ok;
}

/** What is wrong; null where the file was written. */
function eject(request: TemplatesRequest, names: readonly string[], host: Host): string | null {
  const { emitter } = request;
  if (emitter === undefined) return `Name the emitter to eject: ${names.join(", ")}.`;
  const out = request.out ?? `${emitter}-emitter.js`;
  const extension = extname(out);
  if (![".js", ".mjs", ".ts", ".mts"].includes(extension)) return `"${out}" is no name for a module: end it with .js, .mjs, .ts or .mts.`;
  const source = loadEmitterSource(emitter, extension.endsWith("ts") ? "typescript" : "javascript");
  if (source === null || !names.includes(emitter)) return `There is no emitter "${emitter}".${didYouMean(closest(emitter, names))}`;

  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const path = resolve(cwd, out);
  try {
    if (!writeNewFile(path, source, request.isForced)) return `"${shownPath(cwd, path)}" exists; --force overwrites it.`;
  } catch (error) {
    if (!(error instanceof OutputRefused)) throw error;
    return `"${shownPath(cwd, path)}" cannot be written: ${reasonOf(error.cause)}.`;
  }
  if (!request.isQuiet) {
    host.stdout.write(
      `${shownPath(cwd, path)} replaces the emitter "${emitter}" where you run: synckit-gen generate --emitter ${shownPath(cwd, path)}\n` +
        `It needs the package synckit-gen installed where it can be imported from.\n`,
    );
  }
  return null;
}

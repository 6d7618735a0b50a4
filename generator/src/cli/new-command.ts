/** `new`: an app from a template, with its sync layer generated. */
import { basename, join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { closest } from "../closest.ts";
import { exists, isFree, loadScaffold, scaffoldNames } from "../load/load-scaffold.ts";
import { SCHEMA_FILE } from "../load/load-schema.ts";
import { reasonOf, shownPath } from "../load/shown-path.ts";
import { runProject } from "../project/run-project.ts";
import { packageName } from "../scaffold/app-name.ts";
import { VERSION } from "../version.ts";
import { changeFolder, OutputRefused } from "../write/output-folder.ts";
import { askName } from "./ask-name.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";
import { didYouMean } from "./usage.ts";

export interface NewRequest extends CommonOptions {
  readonly command: "new";
  readonly folder: string;
  readonly template: string;
  readonly app: string | undefined;
  /** A checkout of synckit-gen to depend on instead of published packages. */
  readonly link: string | undefined;
  readonly isYes: boolean;
}

export async function runNew(request: NewRequest, host: Host): Promise<ExitCode> {
  const { parseManifest, renderScaffold, scaffoldDependencies, scaffoldsFolder } = await import("@synckit-gen/templates/scaffolds");
  const names = scaffoldNames(scaffoldsFolder);
  if (!names.includes(request.template)) {
    host.stderr.write(
      `There is no template "${request.template}".${didYouMean(closest(request.template, names))} Templates: ${names.join(", ")}.\n`,
    );
    return EXIT.unusable;
  }
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const repository = request.link === undefined ? null : resolve(cwd, request.link);
  if (repository !== null && !exists(join(repository, "runtime", "package.json"))) {
    host.stderr.write(`"${request.link}" is no checkout of synckit-gen: it has no runtime/package.json.\n`);
    return EXIT.unusable;
  }
  const target = resolve(cwd, request.folder);
  const shown = shownPath(cwd, target);
  if (!isFree(target)) return finish(request, host, { diagnostics: [report("output/exists", wholeFile(shown), { path: shown })] });

  const app = request.app ?? (await askName(basename(target), request, host));
  if (app === null) return EXIT.interrupted;
  const scaffold = loadScaffold(scaffoldsFolder, request.template);
  const manifest = parseManifest(scaffold.manifest);
  const tooOld = oldNodeOf(host.env);
  const view = {
    app,
    packageName: packageName(app),
    dependencies: scaffoldDependencies(VERSION, repository?.replaceAll("\\", "/") ?? null),
    bringsNode: tooOld !== null,
  };
  const files = renderScaffold(scaffold.files, view);
  try {
    changeFolder(target, files, []);
  } catch (error) {
    if (!(error instanceof OutputRefused)) throw error;
    const path = shownPath(cwd, error.path);
    return finish(request, host, { diagnostics: [report("output/unwritable", wholeFile(path), { path, reason: reasonOf(error.cause) })] });
  }
  const generated = await runProject({
    cwd: target,
    schema: SCHEMA_FILE,
    out: undefined,
    mode: "write",
    isForced: false,
    isFull: false,
    showsDiff: false,
    importSuffix: manifest.generate.importSuffix,
    emitters: [],
    loadEmitters: host.loadEmitters,
  });
  const paths = [...files.map(({ path }) => path), ...generated.drift.map(({ path }) => `src/sync/${path}`)].toSorted();
  const next = [`cd ${/^[\w./-]+$/u.test(shown) ? shown : JSON.stringify(shown)}`, ...manifest.next];
  if (tooOld !== null && !request.isQuiet)
    host.stderr.write(`This computer's Node.js is ${tooOld}; the app needs 22.14, and brings ${view.dependencies.node} as a package.\n`);
  return finish(request, host, { diagnostics: generated.diagnostics, made: { folder: shown, paths, next } });
}

/** The version of the Node that the package manager runs on, where it is older than 22.14: `npm test` in the new app would be, too. */
function oldNodeOf(env: Host["env"]): string | null {
  const [, version = "", major = "", minor = ""] = /\bnode\/v((\d+)\.(\d+)[\d.]*)/u.exec(env["npm_config_user_agent"] ?? "") ?? [];
  return version !== "" && (Number(major) < 22 || (Number(major) === 22 && Number(minor) < 14)) ? version : null;
}

interface Outcome {
  readonly diagnostics: readonly Diagnostic[];
  readonly made?: { readonly folder: string; readonly paths: readonly string[]; readonly next: readonly string[] };
}

function finish(request: NewRequest, host: Host, { diagnostics, made }: Outcome): ExitCode {
  const exit = exitCodeFor(diagnostics);
  const details = {
    files: (made?.paths ?? []).map((path) => ({ path: `${made?.folder ?? ""}/${path}`, state: "missing" })),
    next: made?.next ?? [],
  };
  const isDone = printReport({ command: "new", status: statusOf(exit), diagnostics, sources: new Map(), details }, request, host);
  if (isDone || made === undefined || request.isQuiet) return exit;
  if (request.isVerbose) host.stdout.write(made.paths.map((path) => `  new  ${made.folder}/${path}\n`).join(""));
  host.stdout.write(
    `${made.folder}: ${plural(made.paths.length, "file")} written. Next:\n\n${made.next.map((line) => `  ${line}\n`).join("")}`,
  );
  return exit;
}

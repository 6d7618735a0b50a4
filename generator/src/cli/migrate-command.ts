/** `migrate`: what the migrations are, sealing and squashing them, and the proof that they do what the schema says. */
import { join, resolve } from "node:path";
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { diffModels } from "../evolve/model-diff.ts";
import { editedMigrations, headsOf, inRunOrder } from "../evolve/history.ts";
import type { History } from "../evolve/history.ts";
import { deployedModels } from "../evolve/merge-models.ts";
import { seal, unwind } from "../evolve/revise-history.ts";
import type { VerifiedPair } from "../evolve/verify/verify-history.ts";
import { generate } from "../generate.ts";
import { loadHistory } from "../load/load-history.ts";
import { loadSchema, outputFolder } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import type { SourceText } from "../parse/yaml-reader.ts";
import { runProject } from "../project/run-project.ts";
import type { ProjectOptions } from "../project/run-project.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export interface MigrateRequest extends CommonOptions {
  readonly command: "migrate";
  readonly action: "status" | "new" | "squash" | "verify";
  readonly schema: string | undefined;
  readonly out: string | undefined;
  readonly migrationName: string | undefined;
  readonly allowsDestructive: boolean;
  readonly acceptEgress: readonly string[];
  /** Null: another one each time. */
  readonly seed: number | null;
  readonly rows: number;
  readonly rounds: number;
}

export async function runMigrate(request: MigrateRequest, host: Host): Promise<ExitCode> {
  switch (request.action) {
    case "status":
      return printStatus(request, host);
    case "new":
      return revise(request, host, seal);
    case "squash":
      return revise(request, host, unwind);
    case "verify":
      return verify(request, host);
  }
}

interface Place {
  readonly cwd: string;
  readonly folder: string;
  readonly source: SourceText;
}

/** Where the schema of the request keeps its output; null, and reported, where there is no schema. */
function placeOf(request: MigrateRequest, host: Host): Place | ExitCode {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const loaded = loadSchema(cwd, request.schema);
  if (!loaded.ok) return finish(request, host, loaded.diagnostics);
  const folder = outputFolder(loaded.value.path, cwd, request.out);
  return { cwd, folder, source: loaded.value.source };
}

/** Reports, and gives the exit code that findings call for. */
function finish(request: MigrateRequest, host: Host, diagnostics: readonly Diagnostic[], details: object = {}, isStale = false): ExitCode {
  const found = exitCodeFor(diagnostics);
  const exit = found === EXIT.ok && isStale ? EXIT.findings : found;
  const status = found === EXIT.ok && isStale ? "stale" : statusOf(exit);
  printReport({ command: `migrate ${request.action}`, status, diagnostics, sources: new Map(), details: { ...details } }, request, host);
  return exit;
}

async function printStatus(request: MigrateRequest, host: Host): Promise<ExitCode> {
  const place = placeOf(request, host);
  if (typeof place === "number") return place;
  const history = loadHistory(place.folder);
  const generated = generate(place.source, await host.loadEmitters(), { history, allowsDestructive: true });
  const before = deployedModels(history);
  const isPending = generated.ok && (generated.value.addedMigration ?? null) !== null;
  const changes =
    generated.ok && before.length === 1 && before[0] !== undefined
      ? diffModels(before[0], generated.value.model).map(({ words }) => words)
      : [];
  const edited = new Set(editedMigrations(history).map(({ name }) => name));
  const migrations = inRunOrder(history.migrations).map(({ name, isDeployed, parents }) => ({
    name,
    state: edited.has(name) ? "edited" : isDeployed ? "sealed" : "open",
    parents,
  }));
  const pending = isPending ? { name: generated.value.addedMigration, changes } : null;
  const exit = finish(request, host, generated.diagnostics, { migrations, pending }, isPending);
  if (request.format !== "text" || request.isQuiet) return exit;
  const width = Math.max(0, ...migrations.map(({ state }) => state.length));
  const forks = headsOf(history.migrations).length > 1 ? ["Two branches end here; the next migration joins them."] : [];
  const lines = [
    ...migrations.map(({ name, state }) => `  ${state.padEnd(width)}  ${name}`),
    ...forks,
    migrations.length === 0
      ? "No migration is written yet; `synckit-gen generate` writes the first."
      : plural(migrations.length, "migration") + ".",
    ...(isPending && migrations.length > 0 ? [`Pending: ${changes.length === 0 ? "newer capture" : changes.join("; ")}.`] : []),
    ...(!isPending && generated.ok ? ["Nothing is pending."] : []),
  ];
  host.stdout.write(`${lines.join("\n")}\n`);
  return exit;
}

/** True where the schema asks for another migration, or is not in order: a run says why. */
async function asksForMore({ source }: Place, history: History, host: Host): Promise<boolean> {
  const generated = generate(source, await host.loadEmitters(), { history, allowsDestructive: true });
  return !generated.ok || (generated.value.addedMigration ?? null) !== null;
}

/** `new` and `squash` are a run of `generate` from another history. */
async function revise(request: MigrateRequest, host: Host, change: (found: History) => History): Promise<ExitCode> {
  const place = placeOf(request, host);
  if (typeof place === "number") return place;
  const found = loadHistory(place.folder);
  if (
    request.action === "squash" &&
    found.migrations.length - change(found).migrations.length <= 1 &&
    !(await asksForMore(place, found, host))
  ) {
    const exit = finish(request, host, [], { added: null, removed: [], sealed: [] });
    if (request.format === "text" && !request.isQuiet) host.stdout.write("There was nothing to do.\n");
    return exit;
  }
  const project: ProjectOptions = {
    cwd: place.cwd,
    schema: request.schema,
    out: request.out,
    mode: "write",
    isForced: false,
    isFull: true,
    showsDiff: false,
    importSuffix: undefined,
    emitters: undefined,
    loadEmitters: host.loadEmitters,
    acceptEgress: request.acceptEgress,
    migration: { name: request.migrationName, allowsDestructive: request.allowsDestructive, revise: change },
  };
  const outcome = await runProject(project);
  const added = outcome.addedMigration ?? null;
  const after = loadHistory(place.folder);
  const removed = found.migrations.filter(({ name }) => !after.migrations.some((record) => record.name === name)).map(({ name }) => name);
  const sealed = after.migrations.filter(
    ({ name, isDeployed }) => isDeployed && found.migrations.some((record) => record.name === name && !record.isDeployed),
  );
  const details = { added, removed, sealed: sealed.map(({ name }) => name) };
  const exit = finish(request, host, outcome.diagnostics, details);
  if (request.format !== "text" || request.isQuiet || exit !== EXIT.ok) return exit;
  const lines = [
    ...sealed.map(({ name }) => `  sealed   ${name}`),
    ...removed.map((name) => `  removed  ${name}`),
    ...(added === null ? [] : [`  written  ${added}`]),
    added === null && sealed.length === 0 && removed.length === 0 ? "There was nothing to do." : `${outcome.folder}: done.`,
  ];
  host.stdout.write(`${lines.join("\n")}\n`);
  return exit;
}

/** Seeds are 32 bits. */
const SEEDS = 2 ** 32;

async function verify(request: MigrateRequest, host: Host): Promise<ExitCode> {
  const place = placeOf(request, host);
  if (typeof place === "number") return place;
  const history = loadHistory(place.folder);
  const seed = request.seed ?? Math.floor(Math.random() * SEEDS);
  const edited = editedMigrations(history).map(({ path, isMissing }) =>
    report("migration/edited", wholeFile(shownPath(place.cwd, join(place.folder, path))), { path, isMissing }),
  );
  if (edited.length > 0) return finish(request, host, edited);

  const [{ verifyHistory }, { openScratch }] = await Promise.all([
    import("../evolve/verify/verify-history.ts"),
    import("../sqlite/open-database.ts"),
  ]);
  const pairs = (await verifyHistory(history, { seed, rows: request.rows, rounds: request.rounds, open: openScratch })) ?? [];
  const wrong = pairs.filter(({ differences }) => differences.length > 0);
  const diagnostics = wrong.map((pair) => wrongFinding(pair, shownPath(place.cwd, place.folder)));
  const details = { seed, pairs: pairs.map(({ from, to, differences }) => ({ from, to, differences })) };
  const exit = finish(request, host, diagnostics, details);
  if (request.format !== "text" || request.isQuiet) return exit;
  const lines = pairs.map(({ from, to, differences }) => `  ${differences.length === 0 ? "ok     " : "differs"}  ${from} -> ${to}`);
  const what =
    pairs.length === 0
      ? "There is no later migration to verify."
      : `${plural(pairs.length, "way")} tried ${plural(request.rounds, "time")} each, seed ${seed}.`;
  host.stdout.write(`${[...lines, what].join("\n")}\n`);
  return exit;
}

function wrongFinding({ from, to, differences, rows, seed }: VerifiedPair, folder: string): Diagnostic {
  const path = `${folder}/migrations/${to}.sql`;
  const shown = [...rows].map(([table, count]) => `${table}: ${count}`).join(", ");
  return report("migration/wrong", wholeFile(path), { from, to, differences, rows: shown, seed });
}

/** `doctor`: a database beside its schema; what differs, and the SQL that repairs it. */
import { join, resolve } from "node:path";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { examine, wantedObjects } from "../doctor/examine.ts";
import type { Examination, Expected } from "../doctor/examine.ts";
import { finding } from "../doctor/finding.ts";
import type { Finding } from "../doctor/finding.ts";
import { repair, repairsOf } from "../doctor/repair.ts";
import { placesIn } from "../doctor/subject.ts";
import { generate } from "../generate.ts";
import { loadModelHash } from "../load/load-model-hash.ts";
import { loadSchema, outputFolder } from "../load/load-schema.ts";
import { shownPath } from "../load/shown-path.ts";
import { SqliteError } from "../sqlite/database.ts";
import type { Database } from "../sqlite/database.ts";
import { backUp, openDatabase, sqliteFault } from "../sqlite/open-database.ts";
import { EXIT } from "./host.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural } from "./render.ts";
import type { Sources } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export interface DoctorRequest extends CommonOptions {
  readonly command: "doctor";
  readonly database: string;
  /** Undefined: found upwards. */
  readonly schema: string | undefined;
  /** The output folder, for its lock file. */
  readonly out: string | undefined;
  readonly isFixing: boolean;
}

interface Outcome {
  readonly findings: readonly (Diagnostic | Finding)[];
  readonly sources: Sources;
  /** Null where the question could not be asked. */
  readonly examination: Examination | null;
  /** Statements that were run. */
  readonly ran: readonly string[];
  readonly backup: string | null;
}

const unanswered = (findings: readonly Diagnostic[], sources: Sources = new Map()): Outcome => ({
  findings,
  sources,
  examination: null,
  ran: [],
  backup: null,
});

export async function runDoctor(request: DoctorRequest, host: Host): Promise<ExitCode> {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const path = resolve(cwd, request.database);
  const shown = shownPath(cwd, path);
  const outcome = await look(request, cwd, path, shown);
  const { examination, findings, ran, backup, sources } = outcome;
  const exit = examination === null ? worst(exitCodeFor(findings)) : findings.length > 0 ? EXIT.findings : EXIT.ok;
  const details = { database: shown, counts: examination?.counts ?? null, fixed: ran, backup };
  const isDone = printReport({ command: "doctor", status: statusOf(exit), diagnostics: findings, sources, details }, request, host);
  if (isDone || examination === null) return exit;
  const lines = [...(ran.length > 0 ? [] : sqlLines(findings)), ...(request.isQuiet ? [] : summaryLines(shown, outcome, examination))];
  if (lines.length > 0) host.stdout.write(`${lines.join("\n")}\n`);
  return exit;
}

/** A schema with errors leaves nothing to compare with: that is a finding, and never a healthy database. */
const worst = (exit: ExitCode): ExitCode => (exit === EXIT.ok ? EXIT.findings : exit);

async function look(request: DoctorRequest, cwd: string, path: string, shown: string): Promise<Outcome> {
  const loaded = loadSchema(cwd, request.schema);
  if (!loaded.ok) return unanswered(loaded.diagnostics);
  const { source } = loaded.value;
  const sources = new Map([[source.file, source.text]]);
  // No emitters: only the model and its hash are wanted.
  const generated = generate(source, []);
  if (!generated.ok) return unanswered(generated.diagnostics, sources);

  const opened = await openDatabase(path, shown, request.isFixing ? "write" : "read");
  if (!opened.ok) return unanswered([opened.diagnostic], sources);
  const { database } = opened;
  const { model, modelHash } = generated.value;
  const expected: Expected = { model, modelHash, wanted: await wantedObjects(), places: placesIn(source, shown) };
  const lock = join(outputFolder(loaded.value.path, cwd, request.out), "synckit.lock.json");
  const stale = staleLock(lock, shownPath(cwd, lock), expected);
  try {
    const examined = request.isFixing ? fix(database, path, expected) : { examination: atOnce(database, expected), ran: [], backup: null };
    const backup = examined.backup === null ? null : shownPath(cwd, examined.backup);
    return { ...examined, backup, findings: [...stale, ...examined.examination.findings], sources };
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error;
    return unanswered([sqliteFault(shown, error)], sources);
  } finally {
    database.close();
  }
}

/** In one transaction, so that an app that is running cannot change tables between two questions. */
function atOnce(database: Database, expected: Expected): Examination {
  database.exec("BEGIN");
  try {
    return examine(database, expected);
  } finally {
    database.exec("ROLLBACK");
  }
}

function fix(
  database: Database,
  path: string,
  expected: Expected,
): Pick<Outcome, "ran" | "backup"> & { readonly examination: Examination } {
  const before = atOnce(database, expected);
  // A damaged file is not written to: what can still be saved could be lost.
  const isDamaged = before.findings.some(({ code }) => code === "doctor/damaged");
  const statements = isDamaged ? [] : repairsOf(before.findings);
  if (statements.length === 0) return { examination: before, ran: [], backup: null };
  const backup = backUp(database, path);
  repair(database, statements);
  return { examination: atOnce(database, expected), ran: statements, backup };
}

function staleLock(path: string, shown: string, { modelHash, places }: Expected): readonly Finding[] {
  const locked = loadModelHash(path);
  return locked === null || locked === modelHash ? [] : [finding("doctor/schema-not-generated", places.database, { lock: shown })];
}

const hasSql = (found: Diagnostic | Finding): found is Finding => "sql" in found && found.sql.length > 0;

/** What stdout gets is SQL throughout, so that it can be read, saved and run. */
function sqlLines(findings: readonly (Diagnostic | Finding)[]): readonly string[] {
  return findings
    .filter(hasSql)
    .flatMap((found) => [
      `-- ${found.code}${found.isFixable ? "" : " (on the app's own tables: --fix leaves this to you)"}`,
      ...found.sql.map((statement) => `${statement};`),
      "",
    ]);
}

function summaryLines(shown: string, { findings, ran, backup }: Outcome, { counts }: Examination): readonly string[] {
  const lines = [
    findings.length === 0
      ? `${shown} is as the schema wants it.`
      : `${shown}: ${plural(findings.length, "finding")}${ran.length > 0 ? " left" : ""}.`,
  ];
  if (backup !== null) lines.push(`${plural(ran.length, "statement")} run; the database as it was is in ${backup}.`);
  if (counts !== null) {
    const oldest = counts.oldestPending === null ? "" : ` since ${counts.oldestPending}`;
    lines.push(
      `Pending: ${counts.pending}${oldest}. Not pushable: ${counts.unpushable}. Held: ${byReason(counts.held)}. Quarantined: ${byReason(counts.quarantined)}. Conflicts: ${counts.conflicts}. ` +
        `Log: ${plural(counts.pending + counts.unpushable + counts.pushed, "entry").replace("entrys", "entries")}, ${Math.ceil(counts.logSize / 1024)} KiB.`,
    );
  }
  return lines.map((line) => `-- ${line.replaceAll(/[\r\n]/gu, " ")}`);
}

function byReason(counts: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const words = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  return words.length === 0 ? "0" : `${total} (${words.join(", ")})`;
}

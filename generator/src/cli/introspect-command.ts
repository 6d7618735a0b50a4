/** `introspect`: a database in, a draft of its schema out. */
import { basename, extname, resolve } from "node:path";
import { wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import { introspect } from "../introspect/introspect.ts";
import type { Introspected } from "../introspect/introspect.ts";
import { shownPath } from "../load/shown-path.ts";
import { SqliteError } from "../sqlite/database.ts";
import { openDatabase, sqliteFault } from "../sqlite/open-database.ts";
import { writeText } from "../write/write-text.ts";
import type { ExitCode, Host } from "./host.ts";
import type { CommonOptions } from "./options.ts";
import { plural } from "./render.ts";
import { exitCodeFor, printReport, statusOf } from "./report.ts";

export interface IntrospectRequest extends CommonOptions {
  readonly command: "introspect";
  readonly database: string;
  /** Undefined: stdout. */
  readonly out: string | undefined;
  readonly app: string | undefined;
  /** Undefined: every table that can sync. */
  readonly tables: readonly string[] | undefined;
  readonly isForced: boolean;
}

export async function runIntrospect(request: IntrospectRequest, host: Host): Promise<ExitCode> {
  const cwd = resolve(host.cwd, request.cwd ?? ".");
  const { drafted, diagnostics } = await draft(request, cwd);
  const all = [...diagnostics];
  if (drafted !== null && request.out !== undefined) {
    const written = writeText(resolve(cwd, request.out), drafted.text, {
      shown: shownPath(cwd, resolve(cwd, request.out)),
      isForced: request.isForced,
    });
    if (written !== null) all.push(written);
  }

  const exit = exitCodeFor(all);
  const details = {
    database: shownPath(cwd, resolve(cwd, request.database)),
    tables: drafted?.tables ?? [],
    leftOut: drafted?.leftOut ?? [],
    ...(request.out === undefined ? { schema: drafted?.text ?? null } : {}),
  };
  const isDone = printReport(
    { command: "introspect", status: statusOf(exit), diagnostics: all, sources: new Map(), details },
    request,
    host,
  );
  if (isDone || drafted === null || all.length > 0) return exit;
  if (request.out === undefined) host.stdout.write(drafted.text);
  else if (!request.isQuiet) host.stdout.write(`${summaryOf(request.out, drafted)}\n`);
  return exit;
}

async function draft(
  request: IntrospectRequest,
  cwd: string,
): Promise<{ readonly drafted: Introspected | null; readonly diagnostics: readonly Diagnostic[] }> {
  const path = resolve(cwd, request.database);
  const shown = shownPath(cwd, path);
  const opened = await openDatabase(path, shown, "read");
  if (!opened.ok) return { drafted: null, diagnostics: [opened.diagnostic] };
  const { database } = opened;
  const origin = basename(path);
  const app = request.app ?? (basename(origin, extname(origin)) || origin);
  try {
    // One transaction, so that an app that is running cannot change tables between two questions.
    database.exec("BEGIN");
    const found = introspect(database, { app, origin, shown, tables: request.tables ?? null });
    return found.ok ? { drafted: found.value, diagnostics: [] } : { drafted: null, diagnostics: found.diagnostics };
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error;
    return { drafted: null, diagnostics: [{ ...sqliteFault(shown, error), at: wholeFile(shown) }] };
  } finally {
    database.close();
  }
}

const summaryOf = (out: string, { tables, leftOut }: Introspected): string =>
  `${out}: ${plural(tables.length, "table")} drafted, ${leftOut.length} left out. Read its remarks, then run \`synckit-gen generate\`.`;

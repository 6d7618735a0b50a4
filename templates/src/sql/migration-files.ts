/** The migrations of an application as files and as statements: what is written stays as it is, what is planned gets its text here. */
import type { EmitContext, MigrationSource, SyncModel } from "@synckit-gen/schemas/model";
import { sqlHeader } from "../text/header.ts";
import { commentText, quoteText } from "../text/sql.ts";
import { incrementOf } from "./increment.ts";
import { INIT_NAME, migrationSections } from "./migration.ts";
import type { Section } from "./migration.ts";
import { splitStatements } from "./split-statements.ts";

export interface MigrationFile {
  /** The file's name without its extension. */
  readonly name: string;
  readonly text: string;
  /** Without what only a file needs: the savepoint, and the pragma before it. */
  readonly statements: readonly string[];
  readonly marks: MigrationMarks;
}

/** What a migration's file says about itself, in comments that begin with `-- synckit:`. */
export interface MigrationMarks {
  /** False: it may run again, and does where its text has changed. */
  readonly once: boolean;
  readonly foreignKeysOff: boolean;
  readonly replaces: readonly string[];
}

/** Two emitters print the same migrations, in SQL and in TypeScript; within one run they are made once. */
const made = new WeakMap<EmitContext, { readonly model: SyncModel; readonly files: readonly MigrationFile[] }>();

/** In the order in which databases run them. A planned one with nothing to do is left out. */
export function migrationFiles(model: SyncModel, context: EmitContext): readonly MigrationFile[] {
  const known = made.get(context);
  if (known?.model === model) return known.files;
  const files = makeFiles(model, context);
  made.set(context, { model, files });
  return files;
}

function makeFiles(model: SyncModel, context: EmitContext): readonly MigrationFile[] {
  const sources = context.migrations ?? [{ kind: "planned", name: INIT_NAME, steps: null, replaces: [] } as const];
  const files: MigrationFile[] = [];
  for (const source of sources) {
    if (source.kind === "written") files.push(readWritten(source));
    else {
      const file = plannedFile(
        source,
        model,
        files.map(({ statements }) => statements),
        context,
      );
      if (file !== null) files.push(file);
    }
  }
  return files;
}

type Written = Extract<MigrationSource, { readonly kind: "written" }>;

const read = new WeakMap<Written, MigrationFile>();

function readWritten(source: Written): MigrationFile {
  let file = read.get(source);
  if (file === undefined) read.set(source, (file = readMigration(source.name, source.text)));
  return file;
}

type Planned = Extract<MigrationSource, { readonly kind: "planned" }>;

function plannedFile(
  source: Planned,
  model: SyncModel,
  earlier: readonly (readonly string[])[],
  context: EmitContext,
): MigrationFile | null {
  const { name, steps, replaces } = source;
  if (steps === null) {
    const marks = { once: false, foreignKeysOff: false, replaces };
    return fileOf(name, migrationSections(model, context), marks, context, [
      "Sync tables and capture triggers. Run it in any SQLite from 3.40, as often as you like: it keeps all data and settings.",
      "It is all or nothing: a savepoint works alone and inside a migration tool's transaction.",
    ]);
  }
  const { sections: changes, needsForeignKeysOff } = incrementOf(steps, earlier, context);
  if (changes.length === 0) return null;
  const sections = [...changes, { about: "This has run, and must not run again", statements: [recordSql(name)] }];
  const marks = { once: true, foreignKeysOff: needsForeignKeysOff, replaces };
  return fileOf(name, sections, marks, context, [
    "What has changed since the migration before. Run it once, in any SQLite from 3.40, after the ones before it.",
    "It is all or nothing where the first error ends the run: `sqlite3 -bail app.db < this file`, or a migration tool's transaction.",
  ]);
}

function fileOf(
  name: string,
  sections: readonly Section[],
  marks: MigrationMarks,
  context: EmitContext,
  about: readonly string[],
): MigrationFile {
  const header = sqlHeader(context, [...about, ...markLines(marks)]);
  const body = sections.map(
    ({ about: line, statements }) => `\n-- ${commentText(line)}\n${statements.map((statement) => `${statement};\n`).join("")}`,
  );
  // In a transaction the pragma does nothing, and the guard says so.
  const pragma = marks.foreignKeysOff ? `\n${FOREIGN_KEYS_OFF};` : "";
  const text = `${header}${pragma}\n${BEGIN};\n${body.join("")}\n${END};\n`;
  return { name, text, statements: sections.flatMap((section) => section.statements), marks };
}

/** The runtime looks for this key, so that it leaves alone what another tool has run. */
const recordSql = (name: string): string =>
  `INSERT OR REPLACE INTO "sync_state" ("key", "value") VALUES (${quoteText(`migration:${name}`)}, 'done')`;

const BEGIN = 'SAVEPOINT "synckit_gen"';
const END = 'RELEASE "synckit_gen"';
const FOREIGN_KEYS_OFF = "PRAGMA foreign_keys = OFF";

function markLines({ once, foreignKeysOff, replaces }: MigrationMarks): readonly string[] {
  return [
    ...(once ? ["synckit: once"] : []),
    ...(foreignKeysOff ? ["synckit: foreign_keys off"] : []),
    ...replaces.map((name) => `synckit: replaces ${name}`),
  ];
}

/** A migration's file as it was written, by whichever version. */
export function readMigration(name: string, text: string): MigrationFile {
  const marks = [...text.matchAll(/^-- synckit: (.*)$/gmu)].map((match) => match[1] ?? "");
  const wrapping: ReadonlySet<string> = new Set([BEGIN, END, FOREIGN_KEYS_OFF]);
  return {
    name,
    text,
    statements: splitStatements(text).filter((statement) => !wrapping.has(statement)),
    marks: {
      once: marks.includes("once"),
      foreignKeysOff: marks.includes("foreign_keys off"),
      replaces: marks.flatMap((mark) => (mark.startsWith("replaces ") ? [mark.slice("replaces ".length)] : [])),
    },
  };
}

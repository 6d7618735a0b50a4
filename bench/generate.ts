/**
 * The generator's command line beside drizzle-kit and kysely-codegen in one run: whole processes, from the start of Node to
 * their end. That each did its work is asserted before its time counts. `npm ci` in this folder installs the peers.
 */
import { strictEqual } from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";

const SIZES = [13, 100, 1_000];
const RUNS = 5;
const EDITS = 8;
const root = join(import.meta.dirname, "..");
const bin = join(root, "generator/bin/synckit-gen.js");
const home = mkdtempSync(join(tmpdir(), "synckit-bench-"));
const TIME = existsSync("/usr/bin/time") ? "/usr/bin/time" : null;

interface Cost {
  readonly wallS: number;
  /** Null where /usr/bin/time is not installed. */
  readonly cpuS: number | null;
  readonly rssMB: number | null;
}

/** Runs a program once, and says what it cost. */
function cost(folder: string, args: readonly string[]): Cost {
  const words = [process.execPath, ...args];
  const [command = "", ...rest] = TIME === null ? words : [TIME, "-f", "%U %S %M", ...words];
  const started = performance.now();
  const ran = spawnSync(command, rest, { cwd: folder, encoding: "utf8", maxBuffer: 1e9 });
  const wallS = (performance.now() - started) / 1_000;
  if (ran.status !== 0) throw new Error(`${args.join(" ")}: exit ${ran.status}\n${ran.stdout.slice(-2_000)}\n${ran.stderr.slice(-2_000)}`);
  if (TIME === null) return { wallS, cpuS: null, rssMB: null };
  const [user = 0, system = 0, kilobytes = 0] = ran.stderr.trimEnd().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  return { wallS, cpuS: user + system, rssMB: kilobytes / 1_024 };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The median of several runs, each after `prepare`. */
function measure(run: () => Cost, prepare: () => void, check: () => void): Cost {
  prepare();
  run();
  check();
  const costs = Array.from({ length: RUNS }, () => {
    prepare();
    return run();
  });
  const of = (pick: (cost: Cost) => number | null): number | null =>
    costs.some((found) => pick(found) === null) ? null : median(costs.map((found) => pick(found) ?? 0));
  return { wallS: of(({ wallS }) => wallS) ?? 0, cpuS: of(({ cpuS }) => cpuS), rssMB: of(({ rssMB }) => rssMB) };
}

/** The same tables for everybody: a key, a parent and nine columns of text. */
const columns = Array.from({ length: 9 }, (_, index) => `col_${index}`);
const parentOf = (index: number): number => (index >> 1 === index ? 0 : index >> 1);

function schemaYaml(size: number): string {
  const tables = Array.from({ length: size }, (_, index) => {
    const reference = index === 0 ? "" : `    references: { parent_id: { table: table_${parentOf(index)}, on_delete: set null } }\n`;
    return `  table_${index}:\n    columns:\n      parent_id: uuid?\n${columns.map((name) => `      ${name}: text\n`).join("")}${reference}`;
  });
  return `synckit: 1\napp: bench\ntables:\n${tables.join("")}`;
}

function drizzleSchema(size: number): string {
  const tables = Array.from({ length: size }, (_, index) => {
    const parent = index === 0 ? "" : `.references(() => table_${parentOf(index)}.id, { onDelete: "set null" })`;
    const texts = columns.map((name) => `  ${name}: text("${name}").notNull(),\n`).join("");
    return `export const table_${index} = sqliteTable("table_${index}", {\n  id: text("id").primaryKey(),\n  parent_id: text("parent_id")${parent},\n${texts}});\n`;
  });
  return `import { sqliteTable, text } from "drizzle-orm/sqlite-core";\n${tables.join("")}`;
}

function database(path: string, size: number): void {
  const db = new Database(path);
  for (let index = 0; index < size; index++) {
    const texts = columns.map((name) => `${name} TEXT NOT NULL`).join(", ");
    db.exec(
      `CREATE TABLE table_${index} (id TEXT PRIMARY KEY NOT NULL, parent_id TEXT REFERENCES table_${parentOf(index)} (id), ${texts})`,
    );
  }
  db.close();
}

const rows: (readonly [what: string, size: number, cost: Cost | null])[] = [];
const note = (what: string, size: number, found: Cost | null): void => void rows.push([what, size, found]);

/** Where a peer's program is; null where it is not installed. */
function peer(path: string): string | null {
  const full = join(import.meta.dirname, "node_modules", path);
  return existsSync(full) ? full : null;
}

const countIn = (path: string, pattern: RegExp): number => readFileSync(path, "utf8").match(pattern)?.length ?? 0;

async function benchSize(size: number): Promise<void> {
  const folder = join(home, String(size));
  mkdirSync(join(folder, "src"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const out = join(folder, "src/sync");
  const generate = (): Cost => cost(folder, [bin, "generate", "-q"]);
  writeFileSync(join(folder, "synckit.yaml"), schemaYaml(size));
  const isWhole = (): void => {
    strictEqual(countIn(join(out, "tables.ts"), /^export interface Table\d+Table /gmu), size);
    strictEqual(countIn(join(out, "migrations/0001_init.sql"), /^CREATE TRIGGER "sync_table_\d+_insert"/gmu), size);
  };
  const fresh = (): void => rmSync(out, { recursive: true, force: true });
  note("synckit-gen generate, first time", size, measure(generate, fresh, isWhole));
  note(
    "synckit-gen generate, nothing changed",
    size,
    measure(generate, () => {}, isWhole),
  );
  note(
    "synckit-gen check, nothing changed",
    size,
    measure(
      () => cost(folder, [bin, "check", "-q"]),
      () => {},
      isWhole,
    ),
  );
  note(
    "synckit-gen check --full",
    size,
    measure(
      () => cost(folder, [bin, "check", "-q", "--full"]),
      () => {},
      isWhole,
    ),
  );
  note("synckit-gen --watch, one column edited", size, await benchWatch(folder, size));
  if (size > 13) note("tsc 7 on the output", size, benchCompiler(folder));
  benchDrizzle(folder, size);
  benchKyselyCodegen(folder, size);
}

function benchDrizzle(folder: string, size: number): void {
  const program = peer("drizzle-kit/bin.cjs");
  if (program === null) return note("drizzle-kit generate", size, null);
  const place = join(folder, "drizzle");
  mkdirSync(place, { recursive: true });
  symlinkSync(join(import.meta.dirname, "node_modules"), join(place, "node_modules"));
  writeFileSync(join(place, "schema.ts"), drizzleSchema(size));
  const run = (): Cost => cost(place, [program, "generate", "--dialect", "sqlite", "--schema", "schema.ts", "--out", "out"]);
  const check = (): void => strictEqual(countIn(globSync(join(place, "out/*.sql"))[0] ?? "", /^CREATE TABLE/gmu), size);
  note(
    "drizzle-kit generate, first time",
    size,
    measure(run, () => rmSync(join(place, "out"), { recursive: true, force: true }), check),
  );
  note(
    "drizzle-kit generate, nothing changed",
    size,
    measure(run, () => {}, check),
  );
}

function benchKyselyCodegen(folder: string, size: number): void {
  const program = peer("kysely-codegen/dist/cli/bin.js");
  if (program === null) return note("kysely-codegen", size, null);
  const db = join(folder, "app.db");
  database(db, size);
  const out = join(folder, "kysely.d.ts");
  const args = [program, "--dialect", "sqlite", "--url", db, "--out-file", out];
  const check = (): void => strictEqual(countIn(out, /^export interface Table\d+ /gmu), size);
  note(
    "kysely-codegen, first time",
    size,
    measure(
      () => cost(folder, args),
      () => rmSync(out, { force: true }),
      check,
    ),
  );
  note(
    "kysely-codegen --verify",
    size,
    measure(
      () => cost(folder, [...args, "--verify"]),
      () => {},
      check,
    ),
  );
}

/** From the write of the schema to the line that says that the last byte is written. */
async function benchWatch(folder: string, size: number): Promise<Cost> {
  const child = spawn(process.execPath, [bin, "generate", "--watch", "--format", "json"], { cwd: folder });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const table = `  table_${size >> 1}:\n    columns:\n      parent_id: uuid?\n      col_0: text`;
  const took: number[] = [];
  for (let edit = 0; edit < EDITS; edit++) {
    const text = schemaYaml(size).replace(table, edit % 2 === 0 ? `${table}?` : table);
    const started = performance.now();
    writeFileSync(join(folder, "synckit.yaml"), text);
    const { value } = await lines.next();
    took.push((performance.now() - started) / 1_000);
    strictEqual((JSON.parse(String(value)) as { readonly status: string }).status, "ok");
    const isNullable = readFileSync(join(folder, "src/sync/tables.ts"), "utf8").includes("col_0: string | null");
    strictEqual(isNullable, edit % 2 === 0);
  }
  const rssMB = existsSync(`/proc/${child.pid}/status`)
    ? Number(/VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1_024
    : null;
  child.kill("SIGINT");
  // The first edits are compiled by the machine as they run; what a person feels is the ones after.
  return { wallS: median(took.slice(2)), cpuS: null, rssMB };
}

function benchCompiler(folder: string): Cost {
  const place = join(folder, "compile");
  mkdirSync(place, { recursive: true });
  const compilerOptions = { module: "nodenext", strict: true, noEmit: true, skipLibCheck: true, types: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src/sync"] }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const tsc = join(dirname(join(root, "node_modules/typescript/package.json")), "bin/tsc");
  return measure(
    () => cost(folder, [tsc, "-p", "."]),
    () => {},
    () => {},
  );
}

try {
  for (const size of SIZES) await benchSize(size);
} finally {
  rmSync(home, { recursive: true, force: true });
}

console.log(`Node ${process.versions.node}, whole processes, median of ${RUNS}.\n`);
console.log("| what | tables | wall s | CPU s | peak MB |\n|---|---:|---:|---:|---:|");
const shown = (value: number | null | undefined, digits: number): string => (value == null ? "-" : value.toFixed(digits));
for (const [what, size, found] of rows)
  console.log(
    `| ${what}${found === null ? " (not installed)" : ""} | ${size} | ${shown(found?.wallS, 2)} | ${shown(found?.cpuS, 2)} | ${shown(found?.rssMB, 0)} |`,
  );

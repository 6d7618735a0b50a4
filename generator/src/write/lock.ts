/**
 * `synckit.lock.json`: the model behind the files, and a hash of each file as it was written. The hashes tell a
 * stale file from one that was edited by hand, and an orphan of ours from a file that is somebody else's.
 */
import { createHash, hash as digest } from "node:crypto";
import { canonicalJson } from "@synckit-gen/schemas/model";
import type { OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { tableJson } from "../model/model-json.ts";
import { readStoredModel } from "../evolve/stored-model.ts";
import { recentTexts } from "./recent-texts.ts";
import { eachPiece } from "./text-bytes.ts";

const LOCK_VERSION = 1;

export interface Lock {
  /** SHA-256 by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Files that both sides of a merge have generated: what stands there is neither side's, and nobody's edit. */
  readonly mergedFiles?: ReadonlySet<string>;
  /** True where the text is not as it was written: a merge, or an edit. The model is then not to be trusted. */
  readonly isMerged?: boolean;
  /** The model behind the last run. Absent where it cannot be read. */
  readonly model?: SyncModel;
  readonly history?: LockHistory;
  /** Absent where an older version wrote the lock. */
  readonly inputs?: Inputs;
}

/** What must outlive a run. */
export interface LockHistory {
  /** By name. */
  readonly migrations: readonly MigrationRecord[];
  /** By table. */
  readonly bits: ReadonlyMap<string, TableBits>;
  /** `table.column way` to the hash of the model with which it was accepted. */
  readonly acceptedEgress: ReadonlyMap<string, string>;
}

/** A migration that has been written. */
export interface MigrationRecord {
  /** Its file's name without the extension. */
  readonly name: string;
  /** The migrations that it was written after; none for the first, several after a merge. */
  readonly parents: readonly string[];
  /** Of its text. */
  readonly sha256: string;
  /** Hashes of the models that it leads from and to. */
  readonly before: string | null;
  readonly after: string;
  /** True once `migrate new` has said that devices may have it. Only others can be squashed. */
  readonly isDeployed: boolean;
}

/** Places in the changed-column mask of a table. */
export interface TableBits {
  /** By column. */
  readonly bits: Readonly<Record<string, number>>;
  /** Places of columns that are gone: entries with them may still be on their way. */
  readonly burned: readonly number[];
}

export const EMPTY_HISTORY: LockHistory = { migrations: [], bits: new Map(), acceptedEgress: new Map() };

/** All that the files depend on. Where none of it has changed, nothing needs to be generated to compare. */
export interface Inputs {
  /** Of the schema's text. */
  readonly schemaSha256: string;
  readonly options: Readonly<Record<string, string>>;
  /** Emitters besides the built-in ones: paths from the schema's folder. */
  readonly emitters: readonly string[];
  /** The generator's. */
  readonly version: string;
  /** Files that are the user's and must only exist. */
  readonly scaffolds: readonly string[];
  /** Findings of the schema that did not stop the run, and are to be said again. */
  readonly warnings: number;
}

export const EMPTY_LOCK: Lock = { files: new Map() };

const LARGE = 65_536;

function digestText(text: string): string {
  if (text.length < LARGE) return digest("sha256", text);
  const pieces = createHash("sha256");
  eachPiece(text, (bytes) => pieces.update(bytes));
  return pieces.digest("hex");
}

/** Two runs' worth of large files. */
const textHashes = recentTexts(digestText, { count: 14, minLength: LARGE });

/** SHA-256 in hex digits. */
export const hashText: (text: string) => string = textHashes.of;

export interface LockContent {
  readonly model: SyncModel;
  readonly modelHash: string;
  readonly files: readonly OutputFile[];
  readonly inputs: Inputs;
  readonly history: LockHistory;
}

/**
 * Sorted members, one item a line: two branches that change different items merge by lines, and where version control
 * keeps the lines of both (`merge=union`), `readLines` makes sense of them.
 */
export function formatLock({ model, modelHash, files, inputs, history }: LockContent): string {
  const migrations = history.migrations.map(({ name, ...record }) => [name, record] as const);
  return sealLock(
    `{\n${[
      member("acceptedEgress", block(history.acceptedEgress, 1)),
      member("bits", block(history.bits, 1)),
      member("files", block(hashesOf(files), 1)),
      member("inputs", block(Object.entries(inputs), 1)),
      member("lockVersion", String(LOCK_VERSION)),
      member("migrations", block(migrations, 1)),
      member("model", formatModel(model, 1)),
      member("modelHash", JSON.stringify(modelHash)),
      member("seal", JSON.stringify(NO_SEAL)),
    ].join(",\n")}\n}\n`,
  );
}

const hashesOf = (files: readonly OutputFile[]): readonly (readonly [string, string])[] =>
  files.filter((file) => file.ownership === "generated").map((file) => [file.path, hashText(file.text)] as const);

/** A model with a line for each table. */
export function formatModel(model: SyncModel, depth = 0): string {
  const { tables, ...settings } = model;
  const lines = tables.map((table) => `${indent(depth + 2)}${tableJson(table)}`);
  const members = Object.entries(settings).map(([name, value]) => [name, canonicalJson(value)] as const);
  const list = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n${indent(depth + 1)}]`;
  return braces([...members, ["tables", list] as const], depth);
}

const indent = (depth: number): string => "  ".repeat(depth);
const member = (name: string, json: string): string => `  ${JSON.stringify(name)}: ${json}`;

const block = (entries: Iterable<readonly [string, unknown]>, depth: number): string =>
  braces(
    [...entries].map(([name, value]) => [name, canonicalJson(value)] as const),
    depth,
  );

function braces(members: readonly (readonly [name: string, json: string])[], depth: number): string {
  if (members.length === 0) return "{}";
  const sorted = sortByName(members);
  return `{\n${sorted.map(([name, json]) => `${indent(depth + 1)}${JSON.stringify(name)}: ${json}`).join(",\n")}\n${indent(depth)}}`;
}

const NO_SEAL = "0".repeat(64);
const SEAL = /^ {2}"seal": "([0-9a-f]{64})"/mu;

/** Writes the hash of the lock's own text into it, so that an edit or a merge shows without generating anything. */
const sealLock = (text: string): string => text.replace(SEAL, `  "seal": "${hashText(text)}"`);

/** True where the lock's text is as `formatLock` wrote it. */
export function isSealed(text: string): boolean {
  const seal = SEAL.exec(text)?.[1];
  return seal !== undefined && hashText(text.replace(SEAL, `  "seal": "${NO_SEAL}"`)) === seal;
}

export type LockReading = { readonly ok: true; readonly lock: Lock } | { readonly ok: false; readonly reason: string };

const readings = recentTexts(readLock, { count: 4, minLength: 0 });

/** Reads what this version needs of a lock file; paths that lead out of the folder are refused. */
export const parseLock: (text: string) => LockReading = readings.of;

/** Says what `parseLock` would find in a text that `formatLock` has just made of this. */
export const rememberLock = (text: string, content: LockContent): void => readings.put(text, { ok: true, lock: lockOf(content) });

/** What `parseLock` gives of the lock with this content. */
export const lockOf = ({ model, files, inputs, history }: LockContent): Lock => ({
  files: new Map(sortByName(hashesOf(files))),
  mergedFiles: new Set(),
  isMerged: false,
  history: {
    migrations: history.migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    bits: new Map(sortByName(history.bits)),
    acceptedEgress: new Map(sortByName(history.acceptedEgress)),
  },
  model,
  inputs,
});

const sortByName = <T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
  [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));

function readLock(text: string): LockReading {
  if (/^<{7} /mu.test(text)) return { ok: false, reason: "it holds an unresolved merge" };
  // A lock of an earlier version has no seal, and is taken at its word.
  const isMerged = SEAL.test(text) && !isSealed(text);
  const whole = parseJson(text);
  const lines = isMerged ? readLines(text) : null;
  // Of equal members JSON keeps the last; without any, it is the better reader, whatever has laid the text out anew.
  const merged = whole === undefined || lines?.hasRepeats === true ? lines : null;
  const found = merged?.content ?? whole;
  if (found === undefined) return { ok: false, reason: "it is not JSON" };
  if (!isObject(found) || typeof found["lockVersion"] !== "number" || !isObject(found["files"]))
    return { ok: false, reason: "it is not a lock file of synckit-gen" };
  if (found["lockVersion"] > LOCK_VERSION) return { ok: false, reason: "a newer synckit-gen wrote it" };
  const files = Object.entries(found["files"]);
  const hashes = files.flatMap(([path, hash]) => (typeof hash === "string" ? [[path, hash] as const] : []));
  if (hashes.length < files.length || files.some(([path]) => !isInside(path)))
    return { ok: false, reason: "it names files that cannot be ours" };
  const history = readHistory(found);
  if (history === null) return { ok: false, reason: "its list of migrations is damaged" };
  const inputs = readInputs(found["inputs"]);
  const model = readStoredModel(found["model"]);
  const lock = { files: new Map(hashes), mergedFiles: merged?.mergedFiles ?? new Set<string>(), isMerged, history };
  return { ok: true, lock: { ...lock, ...(model === null ? {} : { model }), ...(inputs === null ? {} : { inputs }) } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface ReadLines {
  readonly content: Readonly<Record<string, unknown>>;
  readonly mergedFiles: ReadonlySet<string>;
  readonly hasRepeats: boolean;
}

/**
 * Reads a lock in which version control kept the lines of both sides: braces and commas are then anywhere, but each line
 * is a member of one side, and its value says of what. Null where the lines are not ours at all.
 */
function readLines(text: string): ReadLines | null {
  const content = { lockVersion: 0, files: {}, bits: {}, migrations: {}, acceptedEgress: {}, inputs: {} } satisfies Record<string, unknown>;
  const members: Readonly<Record<string, Record<string, unknown>>> = content as unknown as Record<string, Record<string, unknown>>;
  const mergedFiles = new Set<string>();
  let hasRepeats = false;
  let migrationLines = 0;
  for (const [, quoted = "", json = ""] of text.matchAll(/^ +("(?:[^"\\]|\\.)*"): (.*?),?$/gmu)) {
    const name = parseJson(quoted);
    const value = parseJson(json);
    if (typeof name !== "string" || value === undefined) continue;
    if (name === "lockVersion" && typeof value === "number") content.lockVersion = value;
    const section = sectionOf(name, value);
    if (section === null) continue;
    const before = members[section]?.[name];
    hasRepeats ||= before !== undefined;
    if (section === "migrations") migrationLines += 1;
    if (section === "files" && before !== undefined && before !== value) mergedFiles.add(name);
    if (members[section] !== undefined) members[section][name] = joined(before, value);
  }
  // Laid out by another tool, and merged: a migration that is missed here would be written again.
  const isOurs = content.lockVersion > 0 && migrationLines === [...text.matchAll(/"sha256":/gu)].length;
  return isOurs ? { content, mergedFiles, hasRepeats } : null;
}

const INPUTS: ReadonlySet<string> = new Set(["emitters", "options", "scaffolds", "schemaSha256", "version", "warnings"]);

/** Where a member belongs, by what it looks like. */
function sectionOf(name: string, value: unknown): "files" | "bits" | "migrations" | "acceptedEgress" | "inputs" | null {
  if (INPUTS.has(name)) return "inputs";
  if (isObject(value)) return "sha256" in value ? "migrations" : "burned" in value ? "bits" : null;
  if (typeof value !== "string" || name === "seal" || name === "modelHash") return null;
  return /^[0-9a-f]{64}$/u.test(value) ? "files" : /^[0-9a-f]{16}$/u.test(value) ? "acceptedEgress" : null;
}

/** What one side has sealed is sealed; a place that one side has given or burned is taken. Else the latter counts. */
function joined(before: unknown, value: unknown): unknown {
  if (!isObject(before) || !isObject(value)) return value;
  if ("isDeployed" in value) return { ...value, isDeployed: value["isDeployed"] === true || before["isDeployed"] === true };
  const [ours, theirs] = [readBits("", before)?.[1], readBits("", value)?.[1]];
  if (ours === undefined || theirs === undefined) return value;
  return { bits: { ...ours.bits, ...theirs.bits }, burned: [...new Set([...ours.burned, ...theirs.burned])] };
}

/** Null where it is there and cannot be what was written. */
function readHistory(found: Readonly<Record<string, unknown>>): LockHistory | null {
  const { migrations = {}, bits = {}, acceptedEgress = {} } = found;
  if (!isObject(migrations) || !isObject(bits) || !isObject(acceptedEgress)) return null;
  const records = Object.entries(migrations).map(([name, record]) => readRecord(name, record));
  const tables = Object.entries(bits).map(([table, value]) => readBits(table, value));
  const accepted = Object.entries(acceptedEgress).flatMap(([record, hash]) => (typeof hash === "string" ? [[record, hash] as const] : []));
  if (records.includes(null) || tables.includes(null)) return null;
  return {
    migrations: records.filter((record) => record !== null).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    bits: new Map(tables.filter((table) => table !== null)),
    acceptedEgress: new Map(accepted),
  };
}

function readRecord(name: string, found: unknown): MigrationRecord | null {
  if (!isObject(found) || !isInside(name) || name.includes("/")) return null;
  const { sha256, before, after, isDeployed } = found;
  const parents = textsIn(found["parents"]);
  if (typeof sha256 !== "string" || typeof after !== "string" || parents === null || typeof isDeployed !== "boolean") return null;
  if (before !== null && typeof before !== "string") return null;
  return { name, parents, sha256, before, after, isDeployed };
}

function readBits(table: string, found: unknown): readonly [string, TableBits] | null {
  if (!isObject(found) || !isObject(found["bits"]) || !Array.isArray(found["burned"])) return null;
  const bits = Object.entries(found["bits"]).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const burned = found["burned"].filter((bit): bit is number => typeof bit === "number");
  return [table, { bits: Object.fromEntries(bits), burned }];
}

/** Null where they are not those of a version that this one knows: then files are compared one by one. */
function readInputs(found: unknown): Inputs | null {
  if (!isObject(found) || !isObject(found["options"])) return null;
  const { schemaSha256, version, warnings } = found;
  const emitters = textsIn(found["emitters"]);
  const scaffolds = textsIn(found["scaffolds"]);
  const options = Object.entries(found["options"]).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
  if (typeof schemaSha256 !== "string" || typeof version !== "string" || typeof warnings !== "number") return null;
  if (emitters === null || scaffolds === null || !scaffolds.every(isInside)) return null;
  return { schemaSha256, options: Object.fromEntries(options), emitters, version, scaffolds, warnings };
}

const textsIn = (found: unknown): readonly string[] | null =>
  Array.isArray(found) && found.every((text): text is string => typeof text === "string") ? found : null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isInside = (path: string): boolean =>
  !/^[/\\]|\\|^[a-z]:/iu.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

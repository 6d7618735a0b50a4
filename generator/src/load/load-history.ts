/** Reads what the output folder remembers: the lock, the migrations that it lists, and the models behind them. */
import { LOCK_FILE } from "../emit/emit-files.ts";
import { migrationPath, NO_HISTORY, snapshotPath } from "../evolve/history.ts";
import type { History } from "../evolve/history.ts";
import { INIT_NAME } from "../evolve/migration-name.ts";
import { hashModel } from "../model/model-json.ts";
import { formatModel, hashText, parseLock } from "../write/lock.ts";
import type { Lock } from "../write/lock.ts";
import type { FileMemory } from "../write/file-memory.ts";
import { readFound } from "../write/output-folder.ts";

/** Texts of those paths that exist in the output folder. */
export type ReadFiles = (paths: readonly string[]) => ReadonlyMap<string, string>;

/** A lock that cannot be read gives no history; writing and comparing say what is wrong with it. */
export const loadHistory = (folder: string, memory?: FileMemory): History => readHistory((paths) => readFound(folder, paths, memory));

/** The same from texts that are not on the disk. */
export function readHistory(read: ReadFiles): History {
  const text = read([LOCK_FILE]).get(LOCK_FILE);
  const reading = text === undefined ? null : parseLock(text);
  return reading?.ok === true ? historyOf(read, reading.lock) : NO_HISTORY;
}

function historyOf(read: ReadFiles, lock: Lock): History {
  const { history = NO_HISTORY, model = null } = lock;
  const trusted = lock.isMerged === true ? null : model;
  if (history.migrations.length === 0) return trusted === null ? { ...NO_HISTORY, ...history } : firstRecorded(read, lock, trusted);

  const names = history.migrations.map(({ name }) => name);
  const snapshots = textsOf(read, names, snapshotPath);
  const editedSnapshots = [...snapshots].flatMap(([name, text]) => (isAsWritten(lock, snapshotPath(name), text) ? [] : [name]));
  return { ...history, model: trusted, texts: textsOf(read, names, migrationPath), snapshots, editedSnapshots };
}

/** The lock of an earlier version may say nothing of a file. */
const isAsWritten = ({ files }: Lock, path: string, text: string): boolean => (files.get(path) ?? hashText(text)) === hashText(text);

function textsOf(read: ReadFiles, names: readonly string[], pathOf: (name: string) => string): ReadonlyMap<string, string> {
  const found = read(names.map(pathOf));
  return new Map(
    names.flatMap((name) => {
      const text = found.get(pathOf(name));
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
}

/** A lock of a version that kept no list: its one migration may have run on any device. */
function firstRecorded(read: ReadFiles, lock: Lock, model: NonNullable<Lock["model"]>): History {
  const text = read([migrationPath(INIT_NAME)]).get(migrationPath(INIT_NAME));
  if (text === undefined || lock.files.get(migrationPath(INIT_NAME)) !== hashText(text)) return NO_HISTORY;
  const record = { name: INIT_NAME, parents: [], sha256: hashText(text), before: null, after: hashModel(model), isDeployed: true };
  return {
    ...NO_HISTORY,
    model,
    migrations: [record],
    texts: new Map([[INIT_NAME, text]]),
    snapshots: new Map([[INIT_NAME, `${formatModel(model)}\n`]]),
  };
}

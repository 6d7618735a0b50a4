/**
 * Says when one of a set of files may have changed. It watches their folders rather than the files, since many editors
 * write a new file and rename it over the old one, and a watch stays with the old one. Where a folder disappears,
 * the nearest one above is watched until it is back.
 */
import { statSync, unwatchFile, watch, watchFile } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";

/** How often a file is looked at where the system refuses to watch (too many watches, some network drives). */
const POLL_MS = 500;

export interface FileWatch {
  /** Watches these and no others from now on. Absolute paths. */
  readonly follow: (paths: readonly string[]) => void;
  readonly close: () => void;
}

export function watchFiles(onChange: () => void): FileWatch {
  let followed: readonly string[] = [];
  const folders = new Map<string, { readonly watcher: FSWatcher | null; readonly id: string }>();
  const polled = new Set<string>();

  const stop = (folder: string): void => {
    folders.get(folder)?.watcher?.close();
    folders.delete(folder);
  };
  const poll = (path: string): void => {
    if (polled.has(path)) return;
    polled.add(path);
    watchFile(path, { interval: POLL_MS }, onChange);
  };

  /** Brings the watchers in line with the folders that exist now. True where that changed one. */
  const rearm = (): boolean => {
    const wanted = new Map(followed.map((path) => existingFolder(dirname(path))).map(({ path, id }) => [path, id]));
    let changed = false;
    for (const [folder, { id }] of folders) {
      if (wanted.get(folder) === id) continue;
      stop(folder);
      changed = true;
    }
    for (const [folder, id] of wanted) {
      if (folders.has(folder)) continue;
      folders.set(folder, { watcher: open(folder), id });
      changed = true;
    }
    return changed;
  };

  const open = (folder: string): FSWatcher | null => {
    const fallBack = (): void => {
      for (const path of followed) if (existingFolder(dirname(path)).path === folder) poll(path);
    };
    try {
      return watch(folder, (_event, name) => {
        // A name that is none of ours matters where the folder itself, or one on the way down, came or went.
        const isOurs = name === null || followed.some((path) => dirname(path) === folder && basename(path) === name);
        if (rearm() || isOurs) onChange();
      }).on("error", fallBack);
    } catch {
      fallBack();
      return null;
    }
  };

  return {
    follow: (paths) => {
      followed = paths;
      for (const path of polled) if (!paths.includes(path)) unwatchFile(path, onChange);
      rearm();
    },
    close: () => {
      for (const folder of folders.keys()) stop(folder);
      for (const path of polled) unwatchFile(path, onChange);
    },
  };
}

/** The folder, or the nearest one above that exists; with an identity that a new folder of the same name does not share. */
function existingFolder(path: string): { readonly path: string; readonly id: string } {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found?.isDirectory() === true) return { path, id: `${found.dev}:${found.ino}:${found.birthtimeNs}` };
  return dirname(path) === path ? { path, id: "" } : existingFolder(dirname(path));
}

/** The command line as it is built, run as a process in a folder of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryRoot } from "./workspace.ts";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Sandbox {
  readonly folder: string;
  readonly run: (...args: readonly string[]) => Ran;
  readonly put: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  readonly remove: () => void;
}

export function openSandbox(): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), "synckit-cli-"));
  return {
    folder,
    run: (...args) => runCli(folder, args),
    put(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    read: (path) => readFileSync(join(folder, path), "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runCli(cwd: string, args: readonly string[]): Ran {
  const bin = join(repositoryRoot, "generator/bin/synckit-gen.js");
  const ran = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "" },
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

/** A folder of a test's own, and the built command line run in it as a process. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../generator/bin/synckit-gen.js", import.meta.url));
const nodeModules = fileURLToPath(new URL("../../node_modules", import.meta.url));

export const VALID = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: text }\n";
export const WRONG = "synckit: 1\napp: demo\ntables:\n  notes:\n    columns: { title: txt }\n    references: { titel: books }\n";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  /** The next line on stdout; rejects when the process ends without one. */
  readonly line: () => Promise<string>;
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
  readonly errors: () => string;
}

export class CliHome {
  readonly path = mkdtempSync(join(tmpdir(), "synckit-cli-"));
  readonly #running = new Set<() => void>();

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
    const ran = spawnSync(process.execPath, [bin, ...args], {
      cwd: this.path,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      encoding: "utf8",
      timeout: 120_000,
      maxBuffer: 50_000_000,
    });
    return { code: ran.status, out: ran.stdout, err: ran.stderr };
  }

  /** Starts the command line and leaves it running until it is stopped, or the test is over. */
  start(args: readonly string[]): Running {
    const child = spawn(process.execPath, [bin, ...args], { cwd: this.path, env: { PATH: process.env["PATH"] ?? "" } });
    const kill = (): void => void child.kill("SIGKILL");
    this.#running.add(kill);
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const ended = new Promise<number | null>((resolve) => {
      child.on("close", (code) => {
        this.#running.delete(kill);
        resolve(code);
      });
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      line: async () => {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`the command ended: ${errors}`);
        return value;
      },
      stop: (signal) => {
        child.kill(signal);
        return ended;
      },
      errors: () => errors,
    };
  }

  put(path: string, text: string): string {
    const full = join(this.path, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  read = (path: string): string => readFileSync(join(this.path, path), "utf8");
  has = (path: string): boolean => existsSync(join(this.path, path));
  remove = (path: string): void => rmSync(join(this.path, path), { recursive: true, force: true });

  /** Makes the workspace's packages importable from here, as an install would. */
  install(): void {
    symlinkSync(nodeModules, join(this.path, "node_modules"));
  }

  /** Every file below, with its text and the time of its last change. */
  snapshot(): readonly (readonly [path: string, text: string, changed: number])[] {
    const files = readdirSync(this.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes("node_modules"))
      .toSorted()
      .map((path) => [path, readFileSync(path, "utf8"), statSync(path).mtimeMs] as const);
  }

  dispose(): void {
    for (const kill of this.#running) kill();
    rmSync(this.path, { recursive: true, force: true });
  }
}

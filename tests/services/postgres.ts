/** A real PostgreSQL in a directory of its own: made, started, stopped, and killed when a test wants that. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface PostgresServer {
  /** Of the database `postgres`, as its superuser; a test makes a database of its own. */
  readonly url: string;
  /** Makes its files; once, before the first start. */
  create(): Promise<void>;
  /** Ready when it resolves; also after a kill whose last process is still ending. */
  start(): Promise<void>;
  /** At once, whatever its connections are doing. */
  stop(): Promise<void>;
  /** All its processes at once, as a power cut would. */
  kill(): void;
}

/** Where `initdb` and `pg_ctl` are: on the PATH, or in Debian's folders, the newest first. Null: nowhere. */
export function findPostgres(): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...versions.map((version) => join(debian, version, "bin"))];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_ctl"))) ?? null;
}

/** The server of a directory, whose files `create` makes. */
export function postgresIn(bin: string, directory: string, port: number): PostgresServer {
  const data = join(directory, "data");
  const as = unprivileged();
  const run = async (program: string, ...args: readonly string[]): Promise<void> => {
    // Its server inherits the pipes otherwise, and pg_ctl would seem not to end.
    const child = spawn(join(bin, program), args, { ...as, cwd: directory, stdio: ["ignore", "ignore", "ignore"] });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`postgres: ${program} ${args.join(" ")} ended with ${code}; see ${join(directory, "log")}`);
  };
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200`;
  return {
    url: `postgres://synckit@127.0.0.1:${port}/postgres`,
    create: async () => {
      mkdirSync(directory, { recursive: true });
      if (as !== null) chownSync(directory, as.uid, as.gid);
      await run("initdb", "-D", data, "-U", "synckit", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C");
    },
    start: async () => {
      for (let attempts = 0; ; attempts++) {
        try {
          await run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", join(directory, "log"), "-o", settings, "start");
          return;
        } catch (error) {
          if (attempts === 50) throw error;
          await pause(100);
        }
      }
    },
    stop: async () => {
      if (existsSync(join(data, "postmaster.pid"))) await run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop").catch(() => {});
    },
    // pg_ctl gives it a process group of its own.
    kill: () => void process.kill(-Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]), "SIGKILL"),
  };
}

/** PostgreSQL refuses to run as root: then it runs as a user that Debian has. Null: as who runs this. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  const user = ["postgres", "nobody"].map((name) => users.find((line) => line.startsWith(`${name}:`))).find((line) => line !== undefined);
  const [, , uid, gid] = user?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error("postgres: no unprivileged user to run as");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Below what systems give to those who ask for any port: nobody is given one of these between two starts of a server. */
const PORTS = { min: 20_000, max: 32_000 } as const;

/** A port that nobody had a moment ago, and that nobody gets by chance. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const isFree = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
  for (;;) {
    const port = randomInt(PORTS.min, PORTS.max);
    if (!(await isFree(port))) continue;
    await new Promise((resolve) => void server.close(resolve));
    return port;
  }
}

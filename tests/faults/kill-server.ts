/** A server on SQLite that is killed over and over while devices push to it, each time at another instant. */
import { createApp, createUser, openSqliteStorage } from "@synckit-gen/server";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../services/postgres.ts";
import { seededRandom } from "../sim/random.ts";
import { overHttp, textOf } from "../server-client.ts";
import { survive } from "./survive.ts";

const PROGRAM = resolve(import.meta.dirname, "../../server/bin/synckit-server.js");
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse battery";
const DATABASE = "synckit.db";
/** After the first batch of a life was answered. */
const LONGEST_LIFE_MS = 60;

export interface KillReport {
  readonly kills: number;
  /** That were answered, and read back once each. */
  readonly rows: number;
}

/**
 * Throws where an answered row is missing or read twice, a number is left out, or the database is not sound in the end. The seed
 * decides how long each server lives; at what it dies is the machine's.
 */
export async function killServer(seed: number, kills: number, onKill: (done: number) => void = () => {}): Promise<KillReport> {
  const random = seededRandom(seed);
  const data = mkdtempSync(join(tmpdir(), "synckit-kill-"));
  const port = String(await freePort());
  let child: ChildProcess | null = null;
  const start = async (): Promise<string> => {
    const args = [PROGRAM, "--data", data, "--port", port, "--json", "--no-rate-limits", "--log-level", "silent"];
    child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line")) as [string];
    return (JSON.parse(line) as { readonly url: string }).url;
  };
  const kill = async (afterMs = 0): Promise<void> => {
    const dying = child;
    if (dying === null) return;
    const ended = once(dying, "close");
    setTimeout(() => dying.kill("SIGKILL"), afterMs);
    await ended;
    child = null;
  };
  try {
    const storage = openSqliteStorage(join(data, DATABASE));
    const { apiKey } = await createApp(storage, "App");
    await createUser(storage, EMAIL, PASSWORD);
    await storage.close();
    const anyone = overHttp(await start());
    const signedIn = await anyone.call("POST", "/api/sync/auth", { email: EMAIL, password: PASSWORD, api_key: apiKey });
    const rows = await survive([anyone.as(textOf(signedIn, "token"))], async (untilMore) => {
      for (let done = 0; done < kills; done++) {
        await untilMore();
        await kill(random.next() * LONGEST_LIFE_MS);
        await start();
        onKill(done + 1);
      }
    });
    await kill();
    const left = openSqliteStorage(join(data, DATABASE));
    const faults = await left.findFaults();
    await left.close();
    if (faults.length > 0) throw new Error(`killServer: ${faults.join("; ")}`);
    return { kills, rows };
  } finally {
    await kill();
    rmSync(data, { recursive: true, force: true });
  }
}

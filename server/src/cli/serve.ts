/** `synckit-server`: runs until it is told to stop, then finishes what it has begun. */
import { createServer } from "../create-server.ts";
import type { Listening } from "../http/listen.ts";
import { formatLogRecord, logRecordToJson } from "../http/request-log.ts";
import { DEFAULT_RATE_LIMITS } from "../http/rate-limit.ts";
import { codeOf } from "../error-code.ts";
import { CliError, EXIT_FAILED } from "./cli-error.ts";
import { openDataDirectory } from "./data-directory.ts";

export interface ServeOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly isJson: boolean;
  readonly isLimited: boolean;
}

export async function serve({ data, host, port, isJson, isLimited }: ServeOptions): Promise<void> {
  const { path, storage } = openDataDirectory(data);
  try {
    const format = isJson ? logRecordToJson : formatLogRecord;
    const server = createServer({
      storage,
      rateLimits: isLimited ? DEFAULT_RATE_LIMITS : null,
      logger: (record) => process.stderr.write(`${format(record)}\n`),
    });
    const listening = await server.listen({ host, port }).catch((error: unknown) => refuse(error, host, port));
    const stopped = untilStopped();
    const [apps, users] = await Promise.all([storage.listApps(), storage.listUsers()]);
    announce({ url: listening.url, data: path, apps: apps.length, users: users.length }, isJson);
    await stopped;
    await listening.close();
  } finally {
    await storage.close();
  }
}

/** The second signal has its usual effect: somebody is in a hurry. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

interface Announcement {
  readonly url: string;
  readonly data: string;
  readonly apps: number;
  readonly users: number;
}

function announce(at: Announcement, isJson: boolean): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ kind: "listening", ...at })}\n`);
    return;
  }
  const lines = [`synckit-server listens on ${at.url}`, `Data: ${at.data}`];
  if (at.apps === 0) lines.push("There is no app yet. Make one with:   synckit-server app create NAME");
  if (at.users === 0) lines.push("There is no user yet. Make one with:  synckit-server user create EMAIL");
  if (!/^http:\/\/(?:127\.|\[::1\])/.test(at.url))
    lines.push("This address is reachable from outside and speaks plain HTTP: put a TLS proxy in front.");
  process.stdout.write(`${lines.join("\n")}\n`);
}

function refuse(error: unknown, host: string, port: number): Listening {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      throw new CliError(EXIT_FAILED, `Port ${port} on ${host} is in use.\nChoose another with --port, or 0 for any free one.`);
    case "EACCES":
      throw new CliError(EXIT_FAILED, `Port ${port} on ${host} is not allowed to this user.\nChoose one above 1023 with --port.`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      throw new CliError(
        EXIT_FAILED,
        `${host} is not an address of this machine.\nChoose one with --host; 127.0.0.1 is this machine only.`,
      );
    default:
      throw error;
  }
}

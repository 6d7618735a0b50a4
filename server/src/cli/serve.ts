/** `synckit-server`: runs until it is told to stop, then finishes what it has begun. */
import { createServer } from "../create-server.ts";
import { startSweeping } from "../blobs/start-sweeping.ts";
import type { Listening } from "../http/listen.ts";
import { DEFAULT_RATE_LIMITS } from "../http/rate-limit.ts";
import { codeOf } from "../error-code.ts";
import { systemClock } from "../system.ts";
import { CliError, EXIT_FAILED } from "./cli-error.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { createLogger, type LogLevel } from "./create-logger.ts";
import { describeStores, openBlobs, openNotices, openStorage, type StoreOptions } from "./open-stores.ts";

export interface ServeOptions extends StoreOptions {
  readonly host: string;
  readonly port: number;
  readonly isJson: boolean;
  readonly isLimited: boolean;
  /** Of one account's blobs together; null: no limit. */
  readonly blobQuotaBytes: number | null;
  /** Of one account's changes together; null: no limit. */
  readonly changeQuotaBytes: number | null;
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly logLevel: LogLevel;
  readonly metricsToken: string | null;
  readonly operatorToken: string | null;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { host, port, isJson, isLimited, blobQuotaBytes, changeQuotaBytes, publicUrl } = options;
  const { trustedProxies, corsOrigins, metricsToken, operatorToken } = options;
  const storage = await openStorage(options);
  try {
    const blobs = openBlobs(options);
    const notices = await openNotices(options);
    try {
      const logger = createLogger({ level: options.logLevel, isJson });
      const rateLimits = isLimited ? DEFAULT_RATE_LIMITS : null;
      const server = createServer({
        storage,
        notices,
        blobs,
        rateLimits,
        logger,
        trustedProxies,
        corsOrigins,
        metrics: createMetrics({ isProcess: true }),
        ...(operatorToken === null ? {} : { operatorToken }),
        ...(metricsToken === null ? {} : { metricsToken }),
        ...(publicUrl === null ? {} : { publicUrl }),
        ...(changeQuotaBytes === null ? {} : { changeQuotaBytes }),
        ...(blobQuotaBytes === null ? {} : { blobQuotaBytes }),
      });
      const listening = await server.listen({ host, port }).catch((error: unknown) => refuse(error, host, port));
      const stopped = untilStopped();
      const stopSweeping = startSweeping(storage, blobs, systemClock, (error) =>
        logger({ kind: "failure", id: null, method: "sweep", path: "blobs", error }),
      );
      const [apps, users] = await Promise.all([storage.listApps(), storage.listUsers()]);
      announce({ url: listening.url, ...describeStores(options), apps: apps.length, users: users.length }, isJson);
      await stopped;
      await listening.close();
      await stopSweeping();
    } finally {
      await notices.close();
    }
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
  readonly blobs: string;
  readonly apps: number;
  readonly users: number;
}

function announce(at: Announcement, isJson: boolean): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ kind: "listening", ...at })}\n`);
    return;
  }
  const lines = [`synckit-server listens on ${at.url}`, `Data: ${at.data}`, `Blobs: ${at.blobs}`];
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

/** What an operator's programs ask: is it alive, can it work, what has it counted. */
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { BlockList, isIP } from "node:net";
import type { BlobStore } from "../blobs/port.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Storage } from "../storage/port.ts";
import type { Clock } from "../system.ts";
import type { Env } from "./env.ts";
import { HttpError } from "./http-error.ts";
import { isSame } from "./is-same.ts";

export interface OperationParts {
  readonly storage: Storage;
  readonly blobs: BlobStore | null;
  readonly clock: Clock;
  /** Null: nothing is counted. */
  readonly metrics: Metrics | null;
  /** Null: metrics are for callers on this machine, where no proxy hides who calls. */
  readonly metricsToken: string | null;
  readonly isBehindProxy: boolean;
}

/** A part that does not answer by then does not answer. */
const PATIENCE_MS = 5_000;
/** However often it is asked, the stores are not asked more often than this. */
const READY_FOR_MS = 1_000;

type Health = "ok" | "unavailable";

export function operations(parts: OperationParts, limit: MiddlewareHandler<Env>): Hono<Env> {
  const app = new Hono<Env>();
  app.get("/health", (c) => c.json({ status: "ok" }));
  const look = readiness(parts);
  app.get("/ready", async (c) => {
    const [storage, blobs] = await look();
    const isReady = storage === "ok" && blobs !== "unavailable";
    return c.json({ status: isReady ? "ready" : "unavailable", storage, ...(blobs === null ? {} : { blobs }) }, isReady ? 200 : 503);
  });
  const { metrics } = parts;
  if (metrics !== null)
    app.get("/metrics", limit, async (c) => {
      requireOperator(parts, c);
      const { contentType, text } = await metrics.read();
      return c.body(text, 200, { "Content-Type": contentType });
    });
  return app;
}

function readiness({ storage, blobs, clock }: OperationParts): () => Promise<readonly [Health, Health | null]> {
  let last: Promise<readonly [Health, Health | null]> | null = null;
  let askedAt = -Infinity;
  const ask = (): Promise<readonly [Health, Health | null]> =>
    Promise.all([within(() => storage.ping()), blobs === null ? null : within(() => blobs.sizeOf(PROBE))]);
  return () => {
    if (last === null || Math.abs(clock() - askedAt) >= READY_FOR_MS) {
      last = ask();
      askedAt = clock();
    }
    return last;
  };
}

/** A name that no blob has. */
const PROBE = "ready/probe";

async function within(action: () => Promise<unknown>): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Health>((resolve) => {
    timer = setTimeout(() => resolve("unavailable"), PATIENCE_MS);
  });
  try {
    return await Promise.race([
      action().then(
        () => "ok" as const,
        () => "unavailable" as const,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function requireOperator({ metricsToken, isBehindProxy }: OperationParts, c: Context<Env>): void {
  if (metricsToken !== null) {
    const given = /^bearer +([^ ]+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (given === undefined || !isSame(given, metricsToken))
      throw new HttpError(401, "the metrics need the operator's token", { "WWW-Authenticate": "Bearer" });
    return;
  }
  const address = c.get("address");
  const isHere = loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  const isForwarded = ["x-forwarded-for", "forwarded", "via"].some((name) => c.req.header(name) !== undefined);
  if (!isHere || isBehindProxy || isForwarded) throw new HttpError(403, "the metrics need a token, and the server has none");
}

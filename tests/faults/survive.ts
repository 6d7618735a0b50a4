/** Devices that push and pull while something is done to their server, and what they may rely on all the same. */
import { deepStrictEqual, strictEqual } from "node:assert";
import { randomUUID } from "node:crypto";
import { entry, textOf, type Answer, type Caller } from "../server-client.ts";

/** As a client does: again after 503 and after a connection that broke, at another server if there is one. */
async function insist(callers: readonly Caller[], path: string, body: object): Promise<Answer> {
  for (let turn = 0; ; turn++) {
    const caller = callers[turn % callers.length];
    const answer = await caller?.call("POST", `/api/sync${path}`, body).catch(() => null);
    if (answer?.status === 200) return answer;
    if (answer !== null && answer !== undefined) strictEqual(answer.status, 503);
    await new Promise((resolveNow) => void setImmediate(resolveNow));
  }
}

interface Load {
  /** Batches that were answered. */
  answered: number;
  isOver: boolean;
  /** No batch is on its way any more. */
  isQuiet: boolean;
}

/** A device that pushes batches of five rows until told to end; returns the rows that were answered. */
async function pushUntil(load: Load, callers: readonly Caller[], deviceId: string): Promise<readonly string[]> {
  const sent: string[] = [];
  while (!load.isOver) {
    const rows = Array.from({ length: 5 }, () => randomUUID());
    await insist(callers, "/push", { device_id: deviceId, batch_key: randomUUID(), changes: rows.map((row) => entry(row)) });
    sent.push(...rows);
    load.answered += 1;
  }
  return sent;
}

/** A device that follows the cursor; fails when a number is left out or comes twice. */
async function follow(load: Load, callers: readonly Caller[], deviceId: string): Promise<readonly string[]> {
  const read: string[] = [];
  for (let cursor = 0; ;) {
    const wasQuiet = load.isQuiet;
    const { body } = await insist(callers, "/pull", { device_id: deviceId, cursor });
    const changes = body["changes"] as readonly { readonly seq: number; readonly row_id: string }[];
    deepStrictEqual(
      changes.map(({ seq }) => seq),
      changes.map((_, i) => cursor + i + 1),
    );
    read.push(...changes.map(({ row_id }) => row_id));
    if (wasQuiet && changes.length === 0) return read;
    cursor = body["cursor"] as number;
  }
}

/** Devices under load while `harm` is done; throws unless what was answered is read, each row once. Answers how many rows. */
export async function survive(callers: readonly Caller[], harm: (untilMore: () => Promise<void>) => Promise<void>): Promise<number> {
  const device = async (name: string): Promise<string> =>
    textOf(await insist(callers, "/devices", { device_name: name, platform: "linux" }), "id");
  const [reader, ...writers] = await Promise.all(["reader", "one", "two", "three"].map(device));
  const load: Load = { answered: 0, isOver: false, isQuiet: false };
  const untilMore = async (): Promise<void> => {
    const from = load.answered;
    while (load.answered < from + 20) await new Promise((resolveNow) => void setImmediate(resolveNow));
  };
  const reading = follow(load, callers, reader ?? "");
  const writing = writers.map((id, i) =>
    pushUntil(load, [...callers.slice(i % callers.length), ...callers.slice(0, i % callers.length)], id),
  );
  await untilMore();
  await harm(untilMore);
  await untilMore();
  load.isOver = true;
  const sent = (await Promise.all(writing)).flat();
  load.isQuiet = true;

  deepStrictEqual((await reading).toSorted(), sent.toSorted());
  return sent.length;
}

import { expect, test } from "vitest";
import { SyncError } from "../client/errors.ts";
import { exclusively } from "./exclusive.ts";

const busy = (): never => {
  throw new SyncError("database/busy");
};

/** A lease whose renewals and release find the database busy, and a timer that the test rings. */
function withBusyDatabase<T>(work: (ring: () => void) => Promise<T>): Promise<T> {
  let ring = (): void => {};
  let taken = 0;
  const lease = { take: (): boolean => (taken++ === 0 ? true : busy()), release: busy };
  const after = (_ms: number, then: () => void) => {
    ring = then;
    return () => {};
  };
  return exclusively(lease, "me", { sleep: async () => {}, timers: { after } }, () => work(() => ring()));
}

test("a renewal that finds the database busy is made again later", async () => {
  expect(
    await withBusyDatabase(async (ring) => {
      ring();
      ring();
      return "done";
    }),
  ).toBe("done");
});

test("a lease that cannot be given back hides neither what the work gave nor why it failed", async () => {
  expect(await withBusyDatabase(async () => "done")).toBe("done");
  await expect(withBusyDatabase(() => Promise.reject(new SyncError("auth/expired")))).rejects.toMatchObject({ code: "auth/expired" });
});

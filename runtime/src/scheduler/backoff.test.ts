import { expect, test } from "vitest";
import { SyncError, type SyncErrorCode } from "../client/errors.ts";
import { DatabaseBusyError } from "../driver/database-busy-error.ts";
import { nextTry } from "./backoff.ts";

const minutes = (failures: number, random: number): number => {
  const next = nextTry(new SyncError("network/offline"), failures, random);
  return next.kind === "wait" ? next.ms / 60_000 : Number.NaN;
};

test("failures in a row wait 2, 4, 8 and then 15 minutes, less up to a quarter", () => {
  expect([1, 2, 3, 4, 5, 1000].map((failures) => minutes(failures, 0))).toEqual([2, 4, 8, 15, 15, 15]);
  expect([1, 4].map((failures) => minutes(failures, 1))).toEqual([1.5, 11.25]);
});

test("a used-up quota waits an hour, and what the server asks for is honoured when it is longer", () => {
  expect(nextTry(new SyncError("server/payment-required"), 1, 0)).toEqual({ kind: "wait", ms: 3_600_000 });
  expect(nextTry(new SyncError("server/rate-limited", { retryAfterMs: 1_000_000 }), 1, 0)).toEqual({ kind: "wait", ms: 1_000_000 });
  expect(nextTry(new SyncError("server/rate-limited", { retryAfterMs: 1 }), 1, 0)).toEqual({ kind: "wait", ms: 120_000 });
});

test("a busy database is tried again in seconds, an error of unknown kind as a failure", () => {
  expect(nextTry(new DatabaseBusyError("x"), 9, 0)).toEqual({ kind: "wait", ms: 5_000 });
  expect(nextTry(new Error("disk full"), 1, 0)).toEqual({ kind: "wait", ms: 120_000 });
});

test("a full disk is tried again as the network is, in the hope of space", () => {
  expect(nextTry(new SyncError("database/full"), 2, 0)).toEqual({ kind: "wait", ms: 240_000 });
});

test.each<SyncErrorCode>(["database/closed", "auth/expired", "auth/other-account", "key/none", "keychain/failed"])(
  "%s waits for a person",
  (code) => {
    expect(nextTry(new SyncError(code), 1, 0)).toEqual({ kind: "needs-user", code });
  },
);

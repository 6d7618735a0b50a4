/** Every transaction of the store: plain ones, those whose writes triggers do not capture, and those in which rows are placed. */
import { DatabaseBusyError } from "../driver/database-busy-error.ts";
import type { DeviceNumbers } from "./devices.ts";
import { BrokenCircleError } from "./placing.ts";
import { bulkWriting } from "./bulk-writing.ts";
import { Session } from "./session.ts";
import { inboundEdges, type PushMarks, type SessionParts } from "./session-scope.ts";
import type { StateStore } from "./state.ts";
import { FIRST_READ, HIGHEST_CURSOR, LAST_STAMP, PUSH_MARKS, START_OVER } from "./store-scope.ts";

export interface SessionMode {
  /** Foreign keys are on. */
  readonly enforced: boolean;
  /** They are looked at when the transaction ends. */
  readonly deferred: boolean;
}

export interface Transactions {
  /** One transaction: all of `body` or nothing. */
  readonly transaction: <T>(body: () => T) => T;
  /** One in which capture is suppressed, and what the app has written is folded in first. */
  readonly session: <T>(device: string, mode: SessionMode, body: (session: Session) => T) => T;
  /** One that places rows, whatever foreign keys say of them. */
  readonly apply: <T>(device: string, body: (session: Session) => T) => T;
  /** How far this device has ever read, whatever its cursor was set back to. */
  readonly highestCursor: () => number;
  readonly pushMarks: () => PushMarks;
}

export function transactions(
  parts: SessionParts,
  state: StateStore,
  devices: DeviceNumbers,
  noteDelete: (stamp: number) => void,
): Transactions {
  const { driver } = parts;
  const inbound = inboundEdges(parts.tables);

  function transaction<T>(body: () => T): T {
    if (driver.inTransaction()) throw new DatabaseBusyError("a transaction of the app is open on this handle");
    driver.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      driver.exec("COMMIT");
      return result;
    } catch (error) {
      if (driver.inTransaction()) driver.exec("ROLLBACK");
      devices.forget();
      throw error;
    }
  }

  /** A transaction whose writes triggers do not capture. The flag changes inside it, so that a crash takes it back. */
  function suppressed<T>(body: () => T, deferForeignKeys: boolean): T {
    return transaction(() => {
      if (deferForeignKeys) driver.exec("PRAGMA defer_foreign_keys = ON");
      state.set("applying_remote", "1");
      const result = body();
      state.set("applying_remote", "0");
      return result;
    });
  }

  const highestCursor = (): number => state.getNumber(HIGHEST_CURSOR, 0);
  const pushMarks = (): PushMarks => JSON.parse(state.get(PUSH_MARKS) ?? "[]") as PushMarks;

  function session<T>(device: string, mode: SessionMode, body: (session: Session) => T): T {
    return suppressed(() => {
      const opened = new Session(
        parts,
        {
          device,
          lastStamp: state.getNumber(LAST_STAMP, 0),
          cursor: state.getNumber("pull_cursor", 0),
          hasJoined: state.get("initial_snapshot_done") === "1",
          hasReadLog: (state.get(FIRST_READ) ?? "") !== "",
          isStartingOver: state.get(START_OVER) === "1",
          pushMarks: pushMarks(),
          ...mode,
        },
        inbound,
      );
      opened.foldLocal();
      const result = body(opened);
      state.set(LAST_STAMP, String(opened.lastStamp));
      if (opened.earliestDelete !== null) noteDelete(opened.earliestDelete);
      return result;
    }, mode.deferred);
  }

  const foreignKeysOn = (): boolean => driver.prepare("PRAGMA foreign_keys").get()?.[0] === 1;

  /**
   * Runs `body` with foreign keys checked at COMMIT. Where that fails (a row counted on another that could not
   * be placed, or a table outside the schema still refers to a deleted row), runs it again checking each
   * statement, so that only the offending rows are held.
   */
  function deferring<T>(device: string, enforced: boolean, body: (session: Session) => T): T {
    try {
      return session(device, { enforced, deferred: true }, body);
    } catch (error) {
      if (!(error instanceof BrokenCircleError) && driver.constraintOf(error) !== "FOREIGNKEY") throw error;
      return session(device, { enforced, deferred: false }, body);
    }
  }

  function apply<T>(device: string, body: (session: Session) => T): T {
    const enforced = foreignKeysOn();
    return bulkWriting(driver, () => {
      let relaxed: Session["relaxed"] = [];
      const result = deferring(device, enforced, (opened) => {
        const done = body(opened);
        relaxed = opened.relaxed;
        return done;
      });
      if (relaxed.length > 0) placeRelaxed(device, relaxed);
      return result;
    });
  }

  /** Rows whose reference may dangle, because their schema says that its parents stay on their devices. */
  function placeRelaxed(device: string, rows: Session["relaxed"]): void {
    driver.exec("PRAGMA foreign_keys = OFF");
    try {
      deferring(device, false, (opened) => opened.resolve(rows));
    } finally {
      driver.exec("PRAGMA foreign_keys = ON");
    }
  }

  return { transaction, session, apply, highestCursor, pushMarks };
}

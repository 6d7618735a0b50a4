/** Changes of rows that no trigger captures, as logged changes of this device: so the log remains the whole truth. */
import type { Clock } from "./clock.ts";
import { columnsToMask } from "./mask.ts";
import type { RowWork } from "./row-works.ts";
import type { SessionScope } from "./session-scope.ts";
import { settle, type Values } from "./registers.ts";
import { pick } from "./values.ts";

/** Does to a row what a rule says, as a change of this device's own. What a DELETE takes away is kept as a conflict. Returns its clock. */
export const logConsequence = (scope: SessionScope, work: RowWork, op: "DELETE" | "UPDATE", changed: Values): Clock =>
  logChange(scope, work, op, changed, true);

/** An edit that a user makes of a row which is not in its table. */
export const logEdit = (scope: SessionScope, work: RowWork, changed: Values): Clock => logChange(scope, work, "UPDATE", changed, false);

/** A delete that a user makes of a row which is not in its table, or not as it is to be. */
export const logDelete = (scope: SessionScope, work: RowWork): Clock => logChange(scope, work, "DELETE", {}, false);

function logChange(scope: SessionScope, work: RowWork, op: "DELETE" | "UPDATE", changed: Values, isRule: boolean): Clock {
  const { parts, mode, works } = scope;
  const { rows, rowId, registers } = work;
  const clock: Clock = { stamp: Math.max(parts.nowMs() * 1000, scope.lastStamp + 1), device: mode.device };
  scope.lastStamp = clock.stamp;
  const before = works.fullValues(work);
  const after = { ...before, ...changed };
  const columns = Object.keys(changed);
  if (op === "DELETE" && isRule)
    parts.conflicts.add({
      table: rows.spec.name,
      rowId,
      kind: "deleted",
      values: pick(before, rows.columns),
      loser: registers.life,
      winner: clock,
      noticedMs: parts.nowMs(),
    });
  registers.life = clock;
  registers.alive = op === "UPDATE";
  // Whole, but for what a held row of an earlier version has no value for: of that, the entry says nothing.
  const written = op === "UPDATE" && rows.spec.conflicts === "row" ? rows.columns.filter((column) => column in after) : columns;
  for (const column of written) registers.overrides.set(column, clock);
  if (written.length > 0) settle(registers, rows.columns);
  work.data = after;
  work.overlay = {};
  parts.changelog.append({
    table: rows.spec.name,
    op,
    rowId,
    stamp: clock.stamp,
    seen: mode.cursor,
    isRule,
    mask: op === "UPDATE" ? columnsToMask(rows, columns) : 0n,
    data: op === "UPDATE" ? rows.payloadOf(rowId, after) : null,
    old: op === "DELETE" ? rows.payloadOf(rowId, before) : null,
  });
  return clock;
}

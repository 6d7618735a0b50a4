/** The JavaScript half of the value rules against the shared vectors. The SQL half: `tests/capture-values.test.ts`. */
import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import type { ColumnType } from "../ir/model.ts";
import { ValueError, wireToSql } from "./value.ts";

interface Case {
  readonly type: ColumnType;
  readonly sql: string;
  readonly wire: unknown;
}

const { cases } = JSON.parse(readFileSync(new URL("../../vectors/values.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};

test("the vectors cover every type in every storage class", () => {
  const db = new Database(":memory:");
  const covered = new Set(cases.map(({ type, sql }) => `${type} ${String(db.prepare(`SELECT typeof(${sql})`).pluck().get())}`));

  expect(covered.size).toBe(10 * 5);
});

test("a wire value binds as the value that was stored, in the same storage class", () => {
  const db = new Database(":memory:");
  const bound = db.prepare("SELECT quote(v) AS value, typeof(v) AS class FROM (SELECT ? AS v)");

  for (const { type, sql, wire } of cases) {
    const stored = db.prepare(`SELECT quote(v) AS value, typeof(v) AS class FROM (SELECT ${sql} AS v)`).get();
    expect(bound.get(wireToSql(type, wire)), `${type}: ${sql}`).toEqual(stored);
  }
});

test("a boolean from a client in another language is a stored 0 or 1", () => {
  expect(wireToSql("boolean", true)).toBe(1n);
  expect(wireToSql("boolean", false)).toBe(0n);
});

test.each([
  ["text", true],
  ["text", 1.5],
  ["text", ["a"]],
  ["text", { $text: 1 }],
  ["text", { $text: "a", $int: "1" }],
  ["text", {}],
  ["text", { a: 1 }],
  ["integer", "1"],
  ["integer", 0.5],
  ["integer", 2 ** 53],
  ["bigint", "9223372036854775808"],
  ["bigint", "0x10"],
  ["blob", "0"],
  ["blob", "zz"],
  ["real", { $real: "NaN" }],
  ["text", undefined],
] satisfies readonly (readonly [ColumnType, unknown])[])("a %s column refuses %j", (type, wire) => {
  expect(() => wireToSql(type, wire)).toThrow(ValueError);
});

test("a refusal does not repeat the value", () => {
  const refusal = (): unknown => wireToSql("integer", "correct horse");

  expect(refusal).toThrow(ValueError);
  expect(refusal).not.toThrow(/correct horse/);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { codeNames } from "./names.ts";

const typesOf = (...tables: readonly string[]) => tables.map((table) => codeNames(tables).get(table)?.type);

test.each([
  ["email_accounts", "EmailAccounts", "emailAccounts"],
  ["vfs", "Vfs", "vfs"],
  ["userNames", "UserNames", "userNames"],
  ['it\'s "quoted"', "ItSQuoted", "itSQuoted"],
  ["2fa", "T2fa", "t2fa"],
  ["名前", "名前", "名前"],
  ["größe", "Größe", "größe"],
  ["😀", "Table1", "table1"],
  ["class", "Class2", "class2"],
  ["database", "Database2", "database2"],
])("%s becomes %s", (table, type, value) => {
  expect(codeNames([table]).get(table)).toEqual({ type, value });
});

test("names that would meet are numbered, in the order of the table names", () => {
  expect(typesOf("user-names", "user_names", "USER_NAMES")).toEqual(["UserNames2", "UserNames3", "USERNAMES"]);
});

test("tables do not meet through what generated code puts around a name", () => {
  expect(typesOf("a_table", "synced_a")).toEqual(["ATable", "SyncedA2"]);
});

test("any names give valid, different identifiers, whatever their order", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }), (tables) => {
      const names = codeNames(tables);

      const values = tables.map((table) => names.get(table)?.value ?? "");
      expect(new Set(values.map((value) => value.toLowerCase())).size).toBe(tables.length);
      for (const value of values) expect(() => new Function(`"use strict"; const ${value} = 1;`)).not.toThrow();
      expect(codeNames(tables.toReversed())).toEqual(names);
    }),
  );
});

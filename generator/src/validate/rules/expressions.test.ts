import { expect, test } from "vitest";
import { expressionFault } from "./expressions.ts";

test.each([
  "0",
  "-1.5e3",
  "NULL",
  "true",
  "CURRENT_TIMESTAMP",
  "''",
  "'it''s; -- fine /* here */'",
  "x'00ff'",
  "(datetime('now'))",
  "lower(hex(randomblob(16)))",
  '(SELECT "a;b" FROM [c)d])',
])("%s is a usable expression", (sql) => {
  expect(expressionFault(sql)).toBeNull();
});

test.each([
  "",
  "draft",
  '"draft"',
  "in-progress",
  "größe",
  "'open",
  "(1",
  "1)",
  "1; DROP TABLE notes",
  "1 -- rest",
  "1 /* rest",
  "[a",
  "a\u0000",
])("%j is not", (sql) => {
  expect(expressionFault(sql)).not.toBeNull();
});

test("a text without its quotes is suggested with them", () => {
  expect(expressionFault("draft")?.suggestion).toBe("'draft'");
});

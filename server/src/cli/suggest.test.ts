import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["prot", "port"],
  ["crate", "create"],
  ["usr", "user"],
  ["elephant", null],
  ["a@b", null],
])("%s: %s", (word, expected) => {
  expect(suggest(word, ["port", "create", "user", "app"])).toBe(expected);
});

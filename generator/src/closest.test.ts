import { expect, test } from "vitest";
import { closest } from "./closest.ts";

test.each([
  ["projcts", ["tasks", "projects"], "projects"],
  ["columsn", ["columns", "conflicts"], "columns"],
  ["UUID", ["uuid", "natural"], "uuid"],
  ["on-delete", ["on_delete"], "on_delete"],
])("%s was meant to be one of %j", (word, candidates, meant) => {
  expect(closest(word, candidates)).toBe(meant);
});

test.each([
  ["cat", ["dog", "bird"]],
  ["b", ["a"]],
  ["", ["id"]],
  ["id", ["id"]],
])("no guess is made for %j among %j", (word, candidates) => {
  expect(closest(word, candidates)).toBeUndefined();
});

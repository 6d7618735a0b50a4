import { expect, test } from "vitest";
import { recentTexts } from "./recent-texts.ts";

/** Counts how often something is made. */
function counted(count: number) {
  const made: string[] = [];
  const recent = recentTexts(
    (text) => {
      made.push(text);
      return text.toUpperCase();
    },
    { count, minLength: 3 },
  );
  return { ...recent, made };
}

test("a text is asked once, and again when others have come between", () => {
  const { of, made } = counted(2);

  const answers = ["one", "two", "one", "three", "one", "two"].map(of);

  expect(answers).toEqual(["ONE", "TWO", "ONE", "THREE", "ONE", "TWO"]);
  expect(made).toEqual(["one", "two", "three", "two"]);
});

test("texts that differ in their middle alone are told apart", () => {
  const { of } = counted(2);
  const text = (middle: string): string => `${"a".repeat(500)}${middle}${"z".repeat(500)}`;

  expect([text("x"), text("y"), text("x")].map(of)).toEqual([text("x"), text("y"), text("x")].map((each) => each.toUpperCase()));
});

test("what is put is known, and short texts are never kept", () => {
  const { of, put, made } = counted(2);

  put("known", "as said");

  expect([of("known"), of("ab"), of("ab")]).toEqual(["as said", "AB", "AB"]);
  expect(made).toEqual(["ab", "ab"]);
});

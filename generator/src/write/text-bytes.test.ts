import { expect, test } from "vitest";
import { eachPiece } from "./text-bytes.ts";

function joined(text: string): Buffer {
  const pieces: Uint8Array[] = [];
  eachPiece(text, (bytes) => pieces.push(bytes.slice()));
  return Buffer.concat(pieces);
}

test("the pieces of a text are its UTF-8, whatever stands where one ends", () => {
  for (const character of ["a", "é", "€", "🙂", "\ud83d", "\ude42", "a🙂"])
    for (const shift of ["", "x", "xx", "🙂"]) {
      const text = shift + character.repeat(150_000);
      expect(joined(text).equals(Buffer.from(text))).toBe(true);
    }
});

test("an empty text has no pieces", () => {
  expect(joined("")).toEqual(Buffer.alloc(0));
});

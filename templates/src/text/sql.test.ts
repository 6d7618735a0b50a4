import { expect, test } from "vitest";
import { commentText, indent, quoteName, quoteText } from "./sql.ts";

test("quotes inside names and texts are doubled", () => {
  expect(quoteName('my "odd" name')).toBe('"my ""odd"" name"');
  expect(quoteText("it's")).toBe("'it''s'");
});

test("a name in a comment can end neither the comment nor the line", () => {
  expect(commentText("a*/b\nc\r\u2028d\0")).toBe("a* /b c  d ");
});

test("every line but the first is indented", () => {
  expect(indent("a\nb\nc", "  ")).toBe("a\n  b\n  c");
});

test("a line break inside a name or a text is not indented", () => {
  expect(indent(`'it''s\n'\n"a""\n"`, "  ")).toBe(`'it''s\n'\n  "a""\n"`);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { memberKey, propertyKey, stringLiteral, templateLiteral } from "./ts.ts";

/** What JavaScript reads the text as. */
const read = (expression: string): unknown => (new Function(`return ${expression}`) as () => unknown)();

test("identifiers stay bare, other names are quoted", () => {
  expect(propertyKey("title")).toBe("title");
  expect(propertyKey("été")).toBe("été");
  expect(propertyKey("a b")).toBe('"a b"');
});

test("a column called __proto__ is a member, not the prototype", () => {
  expect(propertyKey("__proto__")).toBe('["__proto__"]');
  expect(memberKey("__proto__")).toBe("__proto__");
  expect(Object.keys(read(`({ ${propertyKey("__proto__")}: 1 })`) as object)).toEqual(["__proto__"]);
});

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("`${x}`", "\\u0041", "\r\n", "\u2028", '"', "'", "\0", "\ud800"));

test("any name is a key that reads back as itself", () => {
  fc.assert(
    fc.property(anyText, (name) => {
      expect(Object.keys(read(`({ ${propertyKey(name)}: 1 })`) as object)).toEqual([name]);
    }),
  );
});

test("any text is a literal that reads back as itself", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(read(stringLiteral(text))).toBe(text);
      expect(read(templateLiteral(text))).toBe(text);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { splitStatements } from "./split-statements.ts";

test("a semicolon in a text, a name or a comment ends nothing", () => {
  expect(splitStatements(`SELECT ';', "a;b", [c;d]; -- x; y\nSELECT /* ; */ 2;\n`)).toEqual([
    `SELECT ';', "a;b", [c;d]`,
    "SELECT /* ; */ 2",
  ]);
});

test("a trigger is one statement, with the CASE in it", () => {
  const trigger = `CREATE TRIGGER "t;" AFTER INSERT ON x WHEN NEW.a BEGIN\n  SELECT CASE WHEN 1 THEN 2 END;\n  INSERT INTO y VALUES (CASE 1 WHEN 1 THEN ';END;' END);\nEND`;

  expect(splitStatements(`SELECT 1;\n${trigger};\nSELECT 2;`)).toEqual(["SELECT 1", trigger, "SELECT 2"]);
});

test("comments and empty statements before a statement go", () => {
  expect(splitStatements("-- a\n;;\n/* b */ SELECT 1 -- c\n")).toEqual(["SELECT 1 -- c"]);
  expect(splitStatements("")).toEqual([]);
});

const statement = fc.constantFrom(
  "SELECT 1",
  `INSERT INTO "a;""b" VALUES ('it''s; --')`,
  "CREATE TRIGGER x AFTER DELETE ON y BEGIN SELECT 1; SELECT 2; END",
  'CREATE TEMP TABLE t (a CONSTRAINT "x; y" CHECK (a))',
);

test("statements joined by semicolons are found again", () => {
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      expect(splitStatements(statements.map((text) => `${text};\n`).join("-- about; it\n"))).toEqual(statements);
    }),
  );
});

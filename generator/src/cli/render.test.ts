import { report } from "@synckit-gen/schemas/diagnostics";
import { expect, test } from "vitest";
import { renderDiagnostics } from "./render.ts";

const at = (line: number, column: number, endColumn: number) => ({ file: "a.yaml", line, column, endLine: line, endColumn });
const render = (text: string, line: number, column: number, endColumn: number) =>
  renderDiagnostics([report("table/none", at(line, column, endColumn), {})], new Map([["a.yaml", text]])).split("\n");

test("carets stand under what they mark, behind tabs and wide letters too", () => {
  expect(render("a:\t名: bad", 1, 7, 10).slice(3, 5)).toEqual(["  1 | a:\t名: bad", "    |   \t    ^^^"]);
});

test("a very long line is shown around the fault", () => {
  const text = `{ ${"column: text, ".repeat(40)}bad: txt }`;

  const [shown = "", carets = ""] = render(text, 1, text.indexOf("txt") + 1, text.indexOf("txt") + 4).slice(3, 5);

  expect(shown.length).toBeLessThan(140);
  expect(shown.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)).toBe("txt");
});

test("what a schema holds cannot steer the terminal", () => {
  const text = "\u001b[2J: 1";

  expect(renderDiagnostics([report("yaml/duplicate-key", at(1, 1, 5), { key: "\u001b[2J" })], new Map([["a.yaml", text]]))).not.toContain(
    "\u001b",
  );
});

test("a finding about a file as a whole has no line and no frame", () => {
  const finding = report("schema/not-found", { file: "a.yaml", line: 0, column: 0, endLine: 0, endColumn: 0 }, { path: "a.yaml" });

  expect(renderDiagnostics([finding], new Map())).toMatch(
    /^a\.yaml {2}error {2}schema\/not-found\n {2}There is no schema at "a\.yaml"\.\n {2}Fix: /u,
  );
});

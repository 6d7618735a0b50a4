import { describe, expect, test } from "vitest";
import { renderScaffold, scaffoldDependencies, type ScaffoldView } from "./scaffold.ts";
import { strictTemplate } from "./strict-template.ts";

const view: ScaffoldView = { app: "notes", packageName: "notes", dependencies: scaffoldDependencies("1.2.3", null), bringsNode: false };

test("a template's files are rendered, copied, and get their dots", () => {
  const files = renderScaffold(
    [
      { path: "_gitignore", text: "node_modules/\n" },
      { path: "src/_hidden/a.ts", text: "const a = `{{b}}`;\n" },
      { path: "package.json.hbs", text: `{ "name": {{{json packageName}}}, "runtime": {{{json dependencies.runtime}}} }\n` },
    ],
    view,
  );

  expect(files).toEqual([
    { path: ".gitignore", text: "node_modules/\n" },
    { path: "src/.hidden/a.ts", text: "const a = `{{b}}`;\n" },
    { path: "package.json", text: `{ "name": "notes", "runtime": "1.2.3" }\n` },
  ]);
});

test("dependencies are versions, or folders of a repository", () => {
  expect(scaffoldDependencies("1.2.3", null).generator).toBe("1.2.3");
  expect(scaffoldDependencies("1.2.3", "/repo").generator).toBe("file:/repo/generator");
});

describe("a template cannot ask for what the view lacks", () => {
  test.each(["{{missing}}", "{{#if missing}}x{{/if}}", "{{#each missing}}x{{/each}}", "{{{json missing}}}"])("%s", (text) => {
    expect(() => strictTemplate(text)({ app: "notes" })).toThrow(/missing|the view has no such/u);
  });
});

test("nothing is escaped: the output is code", () => {
  expect(strictTemplate(`{{a}}`)({ a: `<"&'>` })).toBe(`<"&'>`);
});

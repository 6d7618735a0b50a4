/** `graph` as a process, and the pictures of the seed's apps, which a person has looked at. */
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID, WRONG } from "./support/cli-home.ts";
import { documentBlocks } from "./support/document-blocks.ts";

const app = (name: string): string => fileURLToPath(new URL(`../schemas/apps/${name}.yaml`, import.meta.url));

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

describe.each(["goingson", "balanced-breakfast", "audiofiles"])("%s", (name) => {
  test.each([
    ["svg", "svg"],
    ["mermaid", "mmd"],
    ["dot", "dot"],
  ])("is drawn as %s as it always was", async (format, suffix) => {
    const ran = home.run(["graph", app(name), "--format", format]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    await expect(ran.out).toMatchFileSnapshot(`fixtures/graph/${name}.${suffix}`);
  });
});

test("the picture is Mermaid on stdout unless it is told otherwise", () => {
  home.put("synckit.yaml", VALID);

  expect(home.run(["graph"])).toMatchObject({ code: 0, err: "", out: expect.stringContaining("flowchart LR\n") });
});

test("--out writes the picture, and draws it again over itself but over nothing else", () => {
  home.put("synckit.yaml", VALID);
  home.put("notes.txt", "mine\n");

  expect(home.run(["graph", "--format", "svg", "--out", "docs/tables.svg"])).toMatchObject({
    code: 0,
    err: "",
    out: "docs/tables.svg: 1 table drawn.\n",
  });
  expect(home.run(["graph", "--format", "svg", "-o", "docs/tables.svg", "-q"])).toEqual({ code: 0, err: "", out: "" });
  expect(home.read("docs/tables.svg")).toMatch(/^<svg xmlns=/u);
  expect(home.run(["graph", "-o", "notes.txt"])).toMatchObject({ code: 2, out: "" });
  expect(home.read("notes.txt")).toBe("mine\n");
});

test("a schema with errors is reported and not drawn", () => {
  home.put("synckit.yaml", WRONG);

  const ran = home.run(["graph"]);

  expect(ran).toMatchObject({ code: 1, out: "" });
  expect(ran.err).toContain("column/unknown-type");
  expect(home.run(["graph", "none.yaml"])).toMatchObject({ code: 2, out: "" });
});

test("the example of the document gives what the document says", () => {
  const [yaml = ""] = documentBlocks("docs/graph.md", "yaml");
  home.put("synckit.yaml", yaml);

  expect(home.run(["graph"])).toEqual({ code: 0, err: "", out: documentBlocks("docs/graph.md", "mermaid")[0] });
});

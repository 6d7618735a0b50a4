import fc from "fast-check";
import { expect, test } from "vitest";
import { EDITED_TEXT, editedTexts } from "../../../tests/support/edited-texts.ts";
import { YamlMemory } from "./yaml-memory.ts";
import { readYaml } from "./yaml-reader.ts";

const RUNS = 300;

const entriesOf = (text: string, memory: YamlMemory) => {
  const { root } = memory.read({ file: "s.yaml", text });
  const tables = root?.kind === "map" ? root.entries.find(({ key }) => key.text === "tables")?.value : undefined;
  return tables?.kind === "map" ? tables.entries : [];
};

test("tables whose text and place are the same are the same objects, also after the text was broken", () => {
  const memory = new YamlMemory();
  const before = entriesOf(EDITED_TEXT, memory);

  expect(entriesOf(`${EDITED_TEXT}  broken: "`, memory)).toEqual([]);
  const after = entriesOf(EDITED_TEXT.replace("title: text", "title: text?"), memory);

  expect(before.map(({ key }) => key.text)).toEqual(["projects", "tasks", "odd 'name'", "notes"]);
  expect(before.map((entry, index) => entry === after[index])).toEqual([true, false, true, true]);
});

test("whatever is edited, reading with a memory gives what reading the whole text gives", () => {
  fc.assert(
    fc.property(editedTexts, (texts) => {
      const memory = new YamlMemory();
      for (const text of texts) expect(memory.read({ file: "s.yaml", text })).toEqual(readYaml({ file: "s.yaml", text }));
    }),
    { numRuns: RUNS },
  );
});

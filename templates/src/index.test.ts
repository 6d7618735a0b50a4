import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { emitters, extraEmitters } from "./index.ts";

test("every file of the emitters folder is listed, under its own name", () => {
  const files = readdirSync(new URL("./emitters/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));

  expect([...emitters, ...extraEmitters].map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

test("no two emitters write the same path", () => {
  const model = {
    irVersion: 1,
    app: "a",
    compat: "full",
    create: false,
    changelog: { retainDays: 7, maxEntries: null, maxAwayDays: 180 },
    tables: [],
    unsyncedParents: [],
  } as const;
  const paths = [...emitters, ...extraEmitters]
    .flatMap((emitter) => emitter.emit(model, { version: "0", modelHash: "0", importSuffix: ".js" }))
    .map(({ path }) => path);

  expect(new Set(paths).size).toBe(paths.length);
});

/** Entries of their own, loaded when a file is merged and when an app is made. */
const OWN_ENTRIES = /^(?:merge|scaffolds)(?:[.]ts$|[\\/])/;

test("the path from the command line to an emitter imports nothing heavy", () => {
  const folder = new URL("./", import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !OWN_ENTRIES.test(file),
  );

  // Up to the first declaration: below it, emitters hold the imports that they write.
  const heads = sources.map(
    (file) => readFileSync(new URL(file, folder), "utf8").split(/^(?:export (?:const|interface)|const|interface) /m, 1)[0] ?? "",
  );
  const imported = heads.flatMap((head) => [...head.matchAll(/ from "([^."][^"]*)";$/gm)].map((match) => match[1] ?? ""));

  expect([...new Set(imported)].toSorted()).toEqual(["@synckit-gen/schemas/model", "@synckit-gen/schemas/protocol"]);
});

import type { SyncModel } from "@synckit-gen/schemas/model";
import { describe, expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { formatModel } from "../write/lock.ts";
import { headsOf, inRunOrder, NO_HISTORY } from "./history.ts";
import type { History } from "./history.ts";
import { modelAfter } from "./merge-models.ts";

const TABLES = {
  projects: "columns: { name: text }",
  tasks: "columns: { title: text, project_id: uuid? }, references: { project_id: projects }",
  tags: "columns: { name: text }",
};

function modelOf(changes: Readonly<Record<string, string | null>> = {}): SyncModel {
  const tables = Object.entries({ ...TABLES, ...changes }).flatMap(([name, text]) => (text === null ? [] : [`  ${name}: { ${text} }\n`]));
  const model = readModel({ file: "a.yaml", text: `synckit: 1\napp: a\ntables:\n${tables.join("")}` });
  if (!model.ok) throw new Error(JSON.stringify(model.diagnostics));
  return model.value;
}

/** Migrations by name, each with its parents and the model that it leads to. */
function historyOf(entries: Readonly<Record<string, readonly [parents: readonly string[], model: SyncModel]>>): History {
  const migrations = Object.entries(entries).map(([name, [parents]]) => ({
    name,
    parents,
    sha256: "",
    before: null,
    after: "",
    isDeployed: false,
  }));
  return { ...NO_HISTORY, migrations, snapshots: new Map(Object.entries(entries).map(([name, [, model]]) => [name, formatModel(model)])) };
}

/** Two branches from one base. */
const forked = (a: SyncModel, b: SyncModel): History => historyOf({ base: [[], modelOf()], a: [["base"], a], b: [["base"], b] });
const merge = (history: History) => modelAfter(history, history.migrations);
const conflictsOf = (history: History): readonly string[] => {
  const merged = merge(history);
  return merged.ok ? [] : merged.conflicts.map(({ table }) => table);
};

const withNote = "columns: { title: text, project_id: uuid?, note: text }, references: { project_id: projects }";

describe("two branches", () => {
  test("that change different tables lead to both changes", () => {
    const merged = merge(
      forked(modelOf({ tasks: withNote }), modelOf({ tags: "columns: { name: text, color: text? }", more: "columns: { x: text }" })),
    );

    expect(merged.ok && merged.model?.tables.map(({ name, columns }) => [name, columns.length]).toSorted()).toEqual([
      ["more", 2],
      ["projects", 2],
      ["tags", 3],
      ["tasks", 4],
    ]);
  });

  test("that change one table are in conflict about it", () => {
    expect(
      conflictsOf(forked(modelOf({ tags: "columns: { name: text, a: text }" }), modelOf({ tags: "columns: { name: text, b: text }" }))),
    ).toEqual(["tags"]);
  });

  test("that make one table the same way are not", () => {
    const same = modelOf({ tags: "columns: { name: text, a: text }" });

    expect(conflictsOf(forked(same, modelOf({ tags: "columns: { name: text, a: text }" })))).toEqual([]);
  });

  test("of which one renames what the other begins to refer to are in conflict about it", () => {
    const renamed = modelOf({
      projects: null,
      folders: "columns: { name: text }, renamed_from: projects",
      tasks: "columns: { title: text, project_id: uuid? }, references: { project_id: folders }",
    });
    const referring = modelOf({ tags: "columns: { name: text, project_id: uuid? }, references: { project_id: projects }" });

    expect(conflictsOf(forked(renamed, referring))).toEqual(["projects"]);
  });
});

test("a merge goes on from both, and a third branch from what they share", () => {
  const [a, b] = [modelOf({ tasks: withNote }), modelOf({ tags: "columns: { name: text, color: text? }" })];
  const joined = modelOf({ tasks: withNote, tags: "columns: { name: text, color: text? }", more: "columns: { x: text }" });
  const history = historyOf({
    base: [[], modelOf()],
    a: [["base"], a],
    b: [["base"], b],
    joined: [["a", "b"], joined],
    c: [["base"], modelOf({ projects: "columns: { name: text, size: integer? }" })],
  });

  const merged = merge(history);

  expect(headsOf(history.migrations).map(({ name }) => name)).toEqual(["c", "joined"]);
  expect(merged.ok && merged.model?.tables.map(({ name, columns }) => [name, columns.length]).toSorted()).toEqual([
    ["more", 2],
    ["projects", 3],
    ["tags", 3],
    ["tasks", 4],
  ]);
});

test("parents run before their children, and by name where that leaves a choice", () => {
  const record = (name: string, ...parents: readonly string[]) => ({
    name,
    parents,
    sha256: "",
    before: null,
    after: "",
    isDeployed: false,
  });
  const migrations = [record("0003_c", "0002_a", "0002_b"), record("0002_b", "0001"), record("0002_a", "0001"), record("0001")];

  expect(inRunOrder(migrations).map(({ name }) => name)).toEqual(["0001", "0002_a", "0002_b", "0003_c"]);
});

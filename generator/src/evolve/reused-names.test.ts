import type { SyncModel } from "@synckit-gen/schemas/model";
import { expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { formatModel } from "../write/lock.ts";
import { carryPast } from "./carry-past.ts";
import { NO_HISTORY } from "./history.ts";
import type { History } from "./history.ts";
import { stepsBetween } from "./model-steps.ts";
import { reusedNames } from "./reused-names.ts";

function modelOf(tables: string): SyncModel {
  const model = readModel({ file: "a.yaml", text: `synckit: 1\napp: a\ntables:\n${tables}` });
  if (!model.ok) throw new Error(JSON.stringify(model.diagnostics));
  return model.value;
}

/** What the last version reuses, as `place name version`; the versions before are called 1, 2 and so on. */
function reuseIn(...versions: readonly string[]): readonly string[] {
  let before = carryPast(modelOf(versions[0] ?? ""), null);
  let history: History = NO_HISTORY;
  let found: ReturnType<typeof reusedNames> = [];
  for (const [index, tables] of versions.slice(1).entries()) {
    expect(found, "only the last version reuses a name").toEqual([]);
    const name = String(index + 1);
    const parents = history.migrations.map((migration) => migration.name).slice(-1);
    const record = { name, parents, sha256: "", before: null, after: "", isDeployed: true };
    history = {
      ...history,
      migrations: [...history.migrations, record],
      snapshots: new Map([...history.snapshots, [name, formatModel(before)]]),
    };
    const steps = stepsBetween(before, modelOf(tables));
    found = reusedNames(steps, history);
    before = carryPast(steps.after, steps);
  }
  return found.map(({ table, column, name, version }) => `${table}${column === null ? "" : `.${column}`} ${name} ${version}`);
}

const tasks = (columns: string, more = "", name = "tasks"): string => `  ${name}: { columns: { ${columns} }${more} }\n`;
const A = tasks("a: text?, b: text?");
const other = tasks("x: text?", "", "other");

test.each<[string, readonly string[], string]>([
  ["a column that was removed", [A, tasks("b: text?"), A], "tasks.a a 1"],
  ["a column that was removed long ago", [A, tasks("b: text?"), tasks("b: text?, c: text?"), A], "tasks.a a 1"],
  ["a column that has not synced meanwhile", [A, tasks("b: text?", ", local: { a: text? }"), A], "tasks.a a 1"],
  ["a column that another one is renamed to", [A, tasks("b: text?"), tasks("a: { type: text?, renamed_from: b }")], "tasks.a a 1"],
  ["a column that was renamed away", [A, tasks("c: { type: text?, renamed_from: a }, a: text?, b: text?")], "tasks.a a 1"],
  ["a column that is renamed on", [A, tasks("b: { type: text?, renamed_from: a }, c: { type: text?, renamed_from: b }")], "tasks.b b 1"],
  [
    "a column of a table that had another name",
    [other + A, other + tasks("b: text?", ", renamed_from: tasks", "jobs"), other + tasks("a: text?, b: text?", "", "jobs")],
    "jobs.a a 1",
  ],
  ["a table that was removed", [other + A, other, other + A], "tasks tasks 1"],
  ["a table that was renamed away", [A, tasks("a: text?", ", renamed_from: tasks", "jobs") + A], "tasks tasks 1"],
  ["a column that is renamed too late", [A, tasks("b: text?"), tasks("b: text?, c: { type: text?, renamed_from: a }")], "tasks.c a 1"],
  ["a column that another one stands beside", [A, tasks("b: { type: text?, renamed_from: a }")], "tasks.b a 1"],
  ["a table that is renamed too late", [other + A, other, other + tasks("a: text?", ", renamed_from: tasks", "jobs")], "jobs tasks 1"],
])("the name of %s is not free", (_what, versions, found) => {
  expect(reuseIn(...versions)).toEqual([found]);
});

test.each<[string, readonly string[]]>([
  ["a column of another table has", [A + other, tasks("b: text?") + other, tasks("b: text?") + tasks("x: text?, a: text?", "", "other")]],
  ["only a local column has had", [tasks("b: text?", ", local: { a: text? }"), tasks("b: text?"), A]],
  [
    "the column itself has had before",
    [A, tasks("c: { type: text?, renamed_from: a }, b: text?"), tasks("a: { type: text?, renamed_from: c }, b: text?")],
  ],
  ["the table itself has had before", [A, tasks("a: text?", ", renamed_from: tasks", "jobs"), tasks("a: text?", ", renamed_from: jobs")]],
  ["a column takes that stays here", [A, tasks("b: text?"), tasks("b: text?", ", local: { a: text? }")]],
  [
    "nothing has had, with a record of long ago",
    [
      A,
      tasks("c: { type: text?, renamed_from: a }, b: text?"),
      tasks("d: { type: text?, renamed_from: c }, b: text?"),
      tasks("d: { type: text?, renamed_from: a }, b: text?, e: text?"),
    ],
  ],
])("a name that %s is free", (_what, versions) => {
  expect(reuseIn(...versions)).toEqual([]);
});

/** Random histories on real databases: whatever happened, all devices end with the same rows, and with the ones the rules give. */
import { beforeAll, describe, expect, test } from "vitest";
import { RESERVED_MEMBER } from "@synckit-gen/schemas/protocol";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

const tables = [
  tableOf("projects", { columns: { name: "text", note: "text?" } }),
  tableOf("comments", {
    columns: { project: "uuid", body: "text" },
    references: [{ columns: ["project"], table: "projects", onDelete: "cascade" }],
  }),
  tableOf("replies", {
    columns: { comment: "uuid", body: "text" },
    references: [{ columns: ["comment"], table: "comments", onDelete: "cascade" }],
  }),
  tableOf("notes", {
    columns: { project: "uuid?", body: "text" },
    references: [{ columns: ["project"], table: "projects", onDelete: "set null" }],
  }),
  tableOf("steps", {
    columns: { parent: "uuid?", title: "text" },
    references: [{ columns: ["parent"], table: "steps", onDelete: "set null" }],
  }),
  tableOf("links", {
    identity: { left: "text", right: "text" },
    columns: { weight: "integer" },
    references: [{ columns: ["left"], table: "projects", onDelete: "cascade" }],
  }),
];

interface Shape {
  readonly parent?: { readonly column: string; readonly table: string };
  readonly values: readonly string[];
}
const shapes: Readonly<Record<string, Shape>> = {
  projects: { values: ["name", "note"] },
  comments: { parent: { column: "project", table: "projects" }, values: ["body"] },
  replies: { parent: { column: "comment", table: "comments" }, values: ["body"] },
  notes: { parent: { column: "project", table: "projects" }, values: ["body"] },
  steps: { parent: { column: "parent", table: "steps" }, values: ["title"] },
};
const isOptional = (table: string): boolean => table === "notes" || table === "steps";

for (const conflicts of ["column", "row"] as const) {
  describe(`conflicts: ${conflicts}`, () => {
    const model = modelOf(tables.map((table) => ({ ...table, conflicts })));
    let loaded: LoadedSpec;
    beforeAll(async () => {
      loaded = await loadSpec(model);
    });

    test("devices with lost replies, repeated and reordered pages and skewed clocks end equal", async () => {
      const runs = Number(process.env["SYNCKIT_SIM_RUNS"] ?? 60);
      for (let seed = 1; seed <= runs; seed++) await history(seed, model, loaded);
    }, 600_000);
  });
}

/** Small, fast, seedable: mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function history(seed: number, model: ReturnType<typeof modelOf>, loaded: LoadedSpec): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const server = new SimulatedServer();
  let now = 1_700_000_000_000;
  const devices = Array.from({ length: 2 + Math.floor(random() * 3) }, (_, index) => {
    const skew = pick([0, 0, -86_400_000, 500, 172_800_000]);
    return new SimulatedDevice(`device-${index}`, model, loaded, server, () => now + skew);
  });
  const steps = 20 + Math.floor(random() * 80);
  for (let step = 0; step < steps; step++) {
    now += Math.floor(random() * 3);
    const device = pick(devices);
    if (random() < 0.35) {
      if (random() < 0.7) await device.push({ loseReply: random() < 0.2 });
      await device.pull({
        pageSize: 1 + Math.floor(random() * 8),
        ...(random() < 0.4 ? { maxPages: Math.floor(random() * 4) } : {}),
        shuffle: (page) => {
          const shuffled = random() < 0.3 ? page.toSorted(() => random() - 0.5) : page;
          return random() < 0.1 ? [...shuffled, ...page] : shuffled;
        },
      });
    } else edit(device, random, pick);
  }
  await quiesce(server, devices);

  const views = devices.map((device) => device.view(loaded.spec));
  for (const [index, view] of views.entries()) expect(view, `seed ${seed}: device ${index}`).toEqual(views[0]);
  expect(views[0], `seed ${seed}: against the log`).toEqual(oracle(server, model));
  for (const device of devices) {
    expect(device.db.pragma("foreign_key_check"), `seed ${seed}: dangling references`).toEqual([]);
    expect(device.store.heldCount(), `seed ${seed}: held rows`).toBe(0);
    expect(device.store.state.get("applying_remote")).toBe("0");
  }
  for (const device of devices) device.db.close();
}

function edit(device: SimulatedDevice, random: () => number, pick: <T>(from: readonly T[]) => T): void {
  const ids = (table: string): readonly string[] => device.db.prepare(`SELECT id FROM ${table}`).pluck().all() as string[];
  if (random() < 0.1) return editLink(device, random, pick, ids("projects"));
  const table = pick(Object.keys(shapes));
  const { parent, values } = shapes[table] as Shape;
  const parentIds = parent === undefined ? [] : ids(parent.table);
  const parentValue = (): string | null => (parentIds.length === 0 || (isOptional(table) && random() < 0.3) ? null : pick(parentIds));
  const present = ids(table);
  const what = random();
  if (what < 0.45 || present.length === 0) {
    const id = `${table}-${Math.floor(random() * 7)}`; // few ids: rows are made again after deletion, and made on two devices
    const reference = parentValue();
    if (present.includes(id) || (parent !== undefined && reference === null && !isOptional(table))) return;
    const columns = [...(parent === undefined ? [] : [parent.column]), ...values];
    const bound = [...(parent === undefined ? [] : [reference]), ...values.map(() => text(random))];
    device.edit(`INSERT INTO ${table} (id, ${columns.join(", ")}) VALUES (?${", ?".repeat(columns.length)})`, id, ...bound);
  } else if (what < 0.8) {
    const moves = parent !== undefined && random() < 0.4;
    const reference = moves ? parentValue() : null;
    if (moves && reference === null && !isOptional(table)) return;
    device.edit(
      `UPDATE ${table} SET ${moves ? parent.column : pick(values)} = ? WHERE id = ?`,
      moves ? reference : text(random),
      pick(present),
    );
  } else device.edit(`DELETE FROM ${table} WHERE id = ?`, pick(present));
}

function editLink(device: SimulatedDevice, random: () => number, pick: <T>(from: readonly T[]) => T, projects: readonly string[]): void {
  if (projects.length === 0) return;
  const [left, right] = [pick(projects), pick(["a,b", 'quo"te', "c"])];
  if (random() < 0.6)
    device.edit(
      `INSERT INTO links ("left", "right", weight) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET weight = excluded.weight`,
      left,
      right,
      BigInt(Math.floor(random() * 100)),
    );
  else device.edit(`DELETE FROM links WHERE "left" = ? AND "right" = ?`, left, right);
}

const text = (random: () => number): string => `value ${Math.floor(random() * 100)}`;

/**
 * What the log alone says: per row the latest life, per column the latest value. It shares no code with
 * the engine, and knows nothing of references: what the merge had to do about those must be in the log.
 */
function oracle(server: SimulatedServer, model: ReturnType<typeof modelOf>): ReadonlyMap<string, unknown> {
  type Stamp = readonly [number, string];
  const later = (a: Stamp, b: Stamp | undefined): boolean => b === undefined || a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
  interface OracleRow {
    life?: Stamp;
    alive: boolean;
    readonly columns: Map<string, { at: Stamp; value: unknown }>;
    readonly identity: object;
  }
  const rows = new Map<string, OracleRow>();
  for (const entry of server.log) {
    const { [RESERVED_MEMBER]: member, ...values } = JSON.parse(entry.payload as string) as Record<string, unknown>;
    const { c, m } = member as { c: Stamp; m?: readonly string[] };
    const table = model.tables.find(({ name }) => name === entry.table);
    if (table === undefined) throw new Error("the log names a table that the model does not have");
    const key = `${entry.table} ${entry.rowId}`;
    const identity = Object.fromEntries(table.identity.columns.map((name) => [name, values[name]]));
    const row: OracleRow = rows.get(key) ?? { alive: false, columns: new Map(), identity };
    rows.set(key, row);
    if (later(c, row.life)) Object.assign(row, { life: c, alive: entry.op !== "DELETE" });
    if (entry.op === "DELETE") continue;
    const columns = Object.keys(values).filter((name) => !table.identity.columns.includes(name));
    const written = entry.op === "INSERT" || table.conflicts === "row" ? columns : (m ?? []);
    for (const name of written) if (later(c, row.columns.get(name)?.at)) row.columns.set(name, { at: c, value: values[name] });
  }
  const alive = [...rows].filter(([, row]) => row.alive);
  return new Map(
    alive
      .map(
        ([key, row]) =>
          [key, { ...row.identity, ...Object.fromEntries(Array.from(row.columns, ([name, { value }]) => [name, value])) }] as const,
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

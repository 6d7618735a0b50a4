/**
 * What happens in a run, as data: made from the seed before anything runs. A step that is left out does not
 * change the others: rows are chosen by a number when the step runs, among those that are there by then.
 */
import type { Column, SyncModel, Table } from "@synckit-gen/schemas/model";
import { isSynced } from "@synckit-gen/schemas/model";
import { type Random, seededRandom } from "./random.ts";
import { rareValueOf, type Value, valueOf } from "./values.ts";

/** In [0, 1): which of the candidates. */
export type Choice = number;

export type Action =
  | {
      readonly kind: "insert" | "replace" | "upsert";
      readonly table: number;
      readonly key: number;
      readonly values: readonly Value[];
      readonly refs: readonly Choice[];
    }
  | {
      readonly kind: "update";
      readonly table: number;
      readonly row: Choice;
      readonly column: Choice;
      readonly values: readonly Value[];
      readonly refs: readonly Choice[];
    }
  | { readonly kind: "move"; readonly table: number; readonly row: Choice; readonly ref: Choice; readonly to: Choice }
  | { readonly kind: "delete"; readonly table: number; readonly row: Choice }
  | { readonly kind: "rekey"; readonly table: number; readonly row: Choice; readonly key: number; readonly refs: readonly Choice[] }
  | { readonly kind: "update-all"; readonly table: number; readonly column: Choice; readonly values: readonly Value[] }
  | { readonly kind: "delete-half"; readonly table: number }
  | { readonly kind: "local"; readonly table: number; readonly row: Choice }
  | { readonly kind: "unsynced-parent"; readonly key: number; readonly isDelete: boolean };

/** What a user does in the first version of the app, and what instead in each later one. */
export type PlannedAction = Action & { readonly later?: readonly Action[] };

/** Faults as data. */
export interface Weather {
  readonly push?: "lost" | "reply-lost" | "late";
  readonly pageSize: number;
  readonly maxPages?: number;
  /** Seed of the order in which a page's entries arrive. */
  readonly shuffle?: number;
  readonly repeat?: boolean;
  readonly crashAt?: number;
  readonly meanwhile?: readonly PlannedAction[];
  /** Seed of which entries cannot be opened this time. */
  readonly damage?: number;
}

export type Step =
  /** Rows of before the device joined: not captured. Skipped on a device that has already joined. */
  | { readonly kind: "existing"; readonly device: number; readonly action: PlannedAction }
  | {
      readonly kind: "edit";
      readonly device: number;
      readonly tickMs: number;
      readonly actions: readonly PlannedAction[];
      readonly end: "each" | "commit" | "rollback";
    }
  | {
      readonly kind: "sync";
      readonly device: number;
      readonly tickMs: number;
      /** `cycle`: in the order of the product's own cycle. `all`: a push, a pull, a push. */
      readonly parts: "cycle" | "all" | "push" | "pull";
      readonly weather: Weather;
    }
  | { readonly kind: "clock"; readonly device: number; readonly deltaMs: number }
  | { readonly kind: "deliver" }
  /** Months may pass; nobody does anything. */
  | { readonly kind: "wait"; readonly days: number }
  /** A device that was away for too long starts over, whatever it gives up. */
  | { readonly kind: "return"; readonly device: number }
  | { readonly kind: "take-back" | "dismiss"; readonly device: number; readonly conflict: Choice }
  | { readonly kind: "cleanup"; readonly device: number }
  | { readonly kind: "backup" | "restore"; readonly device: number }
  | { readonly kind: "start-over" | "detach"; readonly device: number; readonly force: boolean; readonly weather: Weather }
  /** The process dies at a statement of the migrations, where `crashAt` says so, and is started again. */
  | { readonly kind: "upgrade"; readonly device: number; readonly by: number; readonly crashAt?: number }
  | { readonly kind: "upload-snapshot" | "replace-server"; readonly device: number; readonly weather: Weather }
  | { readonly kind: "server-backup" | "server-restore" };

export interface Plan {
  readonly skewsMs: readonly number[];
  readonly steps: readonly Step[];
}

export interface PlanOptions {
  /** Devices lose their database and get an older copy back. */
  readonly restore: boolean;
  /** Some of the runs also have restored devices, a restored server, entries that cannot be opened for a while. */
  readonly rough: boolean;
  /** Users start over, replace the server, take sync off and back on; there are snapshots, and a device joins late. */
  readonly lives: boolean;
  /** Devices sync in the order of the product's own cycle as well, and years may pass. */
  readonly longTimes: boolean;
}

const DAY_MS = 86_400_000;
const MIN_STEPS = 15;

/** `models`: of each version of the app. */
export function planOf(seed: number, models: readonly SyncModel[], options: PlanOptions): Plan {
  const model = models[0] as SyncModel;
  const random = seededRandom(seed);
  const count = 2 + Math.min(random.below(4), random.below(4)); // two or three mostly: there, edits meet
  const devices = Array.from({ length: count }, (_, index) => index);
  const skewsMs = devices.map(() => random.pick([0, 0, 500, -DAY_MS, 2 * DAY_MS, -20 * DAY_MS]));
  const steps: Step[] = [];
  for (const device of devices)
    if (random.chance(0.3))
      for (let n = 1 + random.below(4); n > 0; n--) steps.push({ kind: "existing", device, action: insertion(random, model) });
  for (let n = MIN_STEPS + random.below(75); n > 0; n--) steps.push(stepOf(random, model, random.pick(devices), options));
  const rough = options.rough ? roughened(seededRandom(seed + 777_777), steps) : steps;
  const lives = options.lives ? lived(seededRandom(seed + 999_999), model, rough, count) : rough;
  const aged = options.longTimes ? withLongTimes(seededRandom(seed + 333_333), model, lives, count) : lives;
  return { skewsMs, steps: models.length > 1 ? updated(seededRandom(seed + 555_555), models, aged, count) : aged };
}

/** Devices are updated, each at its own time, and users do what they can in the version that they have. */
function updated(random: Random, models: readonly SyncModel[], steps: readonly Step[], count: number): readonly Step[] {
  const due = new Map<number, number[]>();
  for (let device = 0; device < count; device++)
    for (let version = 1; version < models.length; version++)
      if (random.chance(0.7)) {
        const at = random.below(steps.length);
        due.set(at, [...(due.get(at) ?? []), device]);
      }
  const planned = (action: PlannedAction, make: (model: SyncModel) => Action): PlannedAction => ({
    ...action,
    later: models.slice(1).map(make),
  });
  const planMeanwhile = <S extends Step & { readonly weather: Weather }>(step: S): S => {
    const { meanwhile } = step.weather;
    if (meanwhile === undefined) return step;
    return {
      ...step,
      weather: { ...step.weather, meanwhile: meanwhile.map((action) => planned(action, (model) => actionOf(random, model))) },
    };
  };
  return steps.flatMap((step, index): readonly Step[] => {
    const updates = (due.get(index) ?? []).map((device): Step => ({
      kind: "upgrade",
      device,
      by: 1,
      ...(random.chance(0.3) ? { crashAt: 1 + random.below(60) } : {}),
    }));
    if (step.kind === "existing") return [{ ...step, action: planned(step.action, (model) => insertion(random, model)) }, ...updates];
    if (step.kind === "edit")
      return [{ ...step, actions: step.actions.map((action) => planned(action, (model) => actionOf(random, model))) }, ...updates];
    return ["weather" in step ? planMeanwhile(step) : step, ...updates];
  });
}

/** Days between which most devices sync; past 180 without that, one may not come back as it is. */
const WAITS = [20, 70, 100, 150, 175, 190, 230] as const;
/** Together long enough for whoever syncs in between to forget what is deleted. */
const YEARS = [150, 175, 175] as const;

/**
 * Half of the plans take years, but not where nothing can be told again (`compat: synckit`): what is forgotten there is given up. In some,
 * a device joins late, with rows that others may have deleted long ago.
 */
function withLongTimes(random: Random, model: SyncModel, steps: readonly Step[], count: number): readonly Step[] {
  const asProduct = steps.map((step): Step =>
    step.kind === "sync" && step.parts === "all" && random.chance(0.7) ? { ...step, parts: "cycle" } : step,
  );
  if (random.chance(0.5) || model.compat !== "full") return asProduct;
  const late = count - 1;
  const joins = random.chance(0.6) ? Math.floor(steps.length * (0.4 + random.next() * 0.6)) : -1;
  const devices = Array.from({ length: count }, (_, index) => index);
  const waiting = (days: number, others: readonly number[]): readonly Step[] => [
    ...others.flatMap((device): readonly Step[] => {
      const weather = random.chance(0.8) ? { pageSize: 500 } : weatherOf(random, model);
      return random.chance(0.75) ? [{ kind: "sync", device, tickMs: 1, parts: "cycle", weather }] : [];
    }),
    { kind: "wait", days },
    ...others.flatMap((device): readonly Step[] => (random.chance(0.4) ? [{ kind: "return", device }] : [])),
  ];
  const joining = (): readonly Step[] => [
    ...(random.chance(0.6) ? YEARS.flatMap((days) => waiting(days, devices.slice(0, late))) : []),
    ...Array.from({ length: 3 + random.below(6) }, (): Step => ({ kind: "existing", device: late, action: insertion(random, model) })),
    { kind: "sync", device: late, tickMs: 1, parts: random.pick(["push", "all", "cycle"]), weather: { pageSize: 500 } },
  ];
  const due = new Set(Array.from({ length: 2 + random.below(6) }, () => random.below(steps.length)));
  return asProduct.flatMap((step, index): readonly Step[] => {
    const before = index < joins ? devices.slice(0, late) : devices;
    const more = [...(index === joins ? joining() : []), ...(due.has(index) ? waiting(random.pick(WAITS), before) : [])];
    return index <= joins && "device" in step && step.device === late ? more : [step, ...more];
  });
}

/** Its own randomness, as above. */
function lived(random: Random, model: SyncModel, steps: readonly Step[], count: number): readonly Step[] {
  const late = random.chance(0.6) ? count - 1 : -1;
  const joins = random.below(steps.length);
  const decides = random.chance(0.6);
  return steps.flatMap((step, index): readonly Step[] => {
    if (!("device" in step)) return [step];
    if (step.device === late && index < joins) return [];
    const { device } = step;
    const weather = weatherOf(random, model);
    const what = random.next();
    if (step.kind === "sync" && what < 0.15) return [step, { kind: "upload-snapshot", device, weather }];
    if (!decides || what < 0.93) return [step];
    const kind = random.pick(["start-over", "start-over", "detach", "replace-server"] as const);
    return [step, kind === "replace-server" ? { kind, device, weather } : { kind, device, weather, force: random.chance(0.6) }];
  });
}

/** Its own randomness, so that the steps of before stay what they were. */
function roughened(random: Random, steps: readonly Step[]): readonly Step[] {
  const [restores, restoresServer, damages] = [random.chance(0.2), random.chance(0.2), random.chance(0.2)];
  return steps.flatMap((step): readonly Step[] => {
    const more: Step[] = [];
    if (restores && "device" in step && random.chance(0.06)) more.push({ kind: random.pick(["backup", "restore"]), device: step.device });
    if (restoresServer && random.chance(0.04)) more.push({ kind: random.pick(["server-backup", "server-restore"]) });
    if (!damages || step.kind !== "sync" || random.chance(0.7)) return [step, ...more];
    return [{ ...step, weather: { ...step.weather, damage: random.below(2 ** 31) } }, ...more];
  });
}

function stepOf(random: Random, model: SyncModel, device: number, { restore }: PlanOptions): Step {
  const what = random.next();
  const tickMs = random.below(4);
  if (what < 0.58) {
    const length = random.chance(0.75) ? 1 : 2 + random.below(5);
    const actions = Array.from({ length }, () => actionOf(random, model));
    return { kind: "edit", device, tickMs, actions, end: length === 1 ? "each" : random.pick(["each", "commit", "commit", "rollback"]) };
  }
  if (what < 0.91)
    return { kind: "sync", device, tickMs, parts: random.pick(["all", "all", "all", "push", "pull"]), weather: weatherOf(random, model) };
  if (what < 0.93) return { kind: "clock", device, deltaMs: random.pick([-3_600_000, -3 * DAY_MS, 3_600_000]) };
  if (what < 0.95) return { kind: "deliver" };
  if (what < 0.97) return { kind: random.pick(["take-back", "take-back", "dismiss"]), device, conflict: random.next() };
  if (what < 0.98 || !restore) return { kind: "cleanup", device };
  return { kind: random.pick(["backup", "restore"]), device };
}

function weatherOf(random: Random, model: SyncModel): Weather {
  return {
    pageSize: 1 + random.below(random.pick([3, 8, 50])),
    ...(random.chance(0.25) ? { push: random.pick(["lost", "reply-lost", "reply-lost", "late"]) } : {}),
    ...(random.chance(0.3) ? { maxPages: random.below(4) } : {}),
    ...(random.chance(0.3) ? { shuffle: random.below(2 ** 31) } : {}),
    ...(random.chance(0.15) ? { repeat: true } : {}),
    ...(random.chance(0.15) ? { crashAt: 1 + random.below(random.pick([10, 40, 200])) } : {}),
    ...(random.chance(0.15) ? { meanwhile: [actionOf(random, model)] } : {}),
  };
}

function actionOf(random: Random, model: SyncModel): Action {
  const table = random.below(model.tables.length);
  const of = model.tables[table] as Table;
  const what = random.next();
  if (what < 0.4) return insertion(random, model);
  if (what < 0.62)
    return { kind: "update", table, row: random.next(), column: random.next(), values: valuesFor(random, of), refs: refsFor(random, of) };
  if (what < 0.7) return { kind: "move", table, row: random.next(), ref: random.next(), to: random.next() };
  if (what < 0.84) return { kind: "delete", table, row: random.next() };
  if (what < 0.88) return { kind: "rekey", table, row: random.next(), key: keyNumber(random), refs: refsFor(random, of) };
  if (what < 0.91) return { kind: "update-all", table, column: random.next(), values: valuesFor(random, of) };
  if (what < 0.93) return { kind: "delete-half", table };
  if (what < 0.97 || model.unsyncedParents.length === 0) return { kind: "local", table, row: random.next() };
  return { kind: "unsynced-parent", key: keyNumber(random), isDelete: random.chance(0.4) };
}

function insertion(random: Random, model: SyncModel): Action {
  const table = random.below(model.tables.length);
  const of = model.tables[table] as Table;
  const kind = random.pick(["insert", "insert", "insert", "insert", "upsert", "replace"] as const);
  return { kind, table, key: keyNumber(random), values: valuesFor(random, of), refs: refsFor(random, of) };
}

const keyNumber = (random: Random): number => random.below(7);

/** One value for each column that `ownColumns` names. */
const valuesFor = (random: Random, table: Table): readonly Value[] =>
  ownColumns(table).map(({ name, type, nullable }) => {
    const value = valueOf(random, type, nullable);
    return table.unique.some((columns) => columns.includes(name)) ? rareValueOf(type, value) : value;
  });

const refsFor = (random: Random, table: Table): readonly Choice[] => table.references.map(() => random.next());

/** Synced columns that are neither key nor reference. */
export function ownColumns(table: Table): readonly Extract<Column, { kind: "synced" }>[] {
  const taken = new Set([...table.identity.columns, ...table.references.flatMap(({ columns }) => columns)]);
  return table.columns.filter(isSynced).filter(({ name }) => !taken.has(name));
}

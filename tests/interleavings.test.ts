/**
 * A few steps on a few devices, in every order that they can happen in, each against the log merged without the engine (`sim/oracle.ts`),
 * which forgets nothing and begins with no snapshot.
 */
import { expect, test } from "vitest";
import { mergeLog, isAlive, readLog, valuesOf } from "./sim/oracle.ts";
import { openFile } from "./sim/pool.ts";
import { openGenerated } from "./support/generated.ts";
import { loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { SimulatedSnapshots } from "./support/simulated-snapshots.ts";
import { SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const MAX_AWAY_DAYS = 2;
const model = modelOf(
  [
    tableOf("lists", { columns: { name: "text?", tag: "text?" }, unique: [["tag"]] }),
    tableOf("items", {
      columns: { list: "uuid", a: "text?", b: "text?" },
      references: [{ columns: ["list"], table: "lists", onDelete: "cascade" }],
    }),
  ],
  { changelog: { retainDays: 1, maxEntries: null, maxAwayDays: MAX_AWAY_DAYS } },
);
const loaded = await loadSpec(model);
const empty = openGenerated(model).serialize();

/** Each test takes some hundred orders; with `SYNCKIT_INTERLEAVINGS=all` some thousand. */
const isWide = process.env["SYNCKIT_INTERLEAVINGS"] === "all";

class Account {
  nowMs = 1_700_000_000_000;
  readonly server = new SimulatedServer();
  readonly devices: readonly SimulatedDevice[];

  constructor(names: readonly string[]) {
    this.devices = names.map((name) => new SimulatedDevice(name, model, loaded, this.server, () => (this.nowMs += 1), openFile(empty)));
  }

  /** Cycles until nobody has anything to say. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      const before = this.server.log.length;
      for (const device of this.devices) await device.cycle();
      if (this.server.log.length === before && round > 0) return;
    }
    throw new Error(`no rest: the log has ${this.server.log.length} entries`);
  }

  /** Every device has what the whole log comes to, and nothing waits. `how`: what was done, for the message. */
  check(how: string): void {
    const rows = [...mergeLog(readLog(this.server.log, model, this.server.lives), model).values()].filter(isAlive);
    const expected = Object.fromEntries(rows.map((row) => [row.key, valuesOf(row)]));
    for (const device of this.devices) {
      const { name, db, store } = device;
      expect(Object.fromEntries(device.view(loaded.spec)), `${name} after ${how}`).toEqual(expected);
      expect([store.pendingCount(), store.heldCount(), db.pragma("foreign_key_check")], `${name} after ${how}`).toEqual([0, 0, []]);
      db.close();
    }
  }
}

interface Step {
  readonly what: string;
  readonly take: (device: SimulatedDevice) => unknown;
}

const sql = (statement: string): Step => ({ what: statement, take: (device) => edit(device, statement) });
const cycle: Step = { what: "sync", take: (device) => device.cycle() };
/** After a cycle: what is pushed and not read back comes with the log once more, and would hide what the snapshot says of it. */
const upload: Step = { what: "upload", take: (device) => device.cycle().then(() => device.uploadSnapshot()) };

/** As an app would: what a constraint refuses is not done. */
function edit(device: SimulatedDevice, statement: string): void {
  try {
    device.edit(statement);
  } catch (error) {
    if (!String(error).includes("constraint failed")) throw error;
  }
}

/** Every way in which sequences of these lengths can be one: for each place, whose turn it is. */
function* interleavings(lengths: readonly number[]): Generator<readonly number[]> {
  if (lengths.every((length) => length === 0)) yield [];
  for (const [turn, length] of lengths.entries())
    if (length > 0) for (const rest of interleavings(lengths.with(turn, length - 1))) yield [turn, ...rest];
}

/** Takes every device's steps in every order. */
async function inEveryOrder(scripts: readonly (readonly Step[])[], begin: (account: Account) => unknown): Promise<void> {
  for (const order of interleavings(scripts.map((script) => script.length))) {
    const account = new Account(scripts.map((_, index) => "abc"[index] as string));
    await begin(account);
    const left = scripts.map((script) => [...script]);
    const told: string[] = [];
    for (const turn of order) {
      const step = left[turn]?.shift() as Step;
      const device = account.devices[turn] as SimulatedDevice;
      told.push(`${device.name}: ${step.what}`);
      await step.take(device);
    }
    await account.settle();
    account.check(told.join("; "));
  }
}

const LIST = "INSERT INTO lists VALUES ('l', 'x', NULL)";
const ROW = "INSERT INTO items VALUES ('i', 'l', 'old', 'old')";

const pairs = <A, B>(left: readonly A[], right: readonly B[]): readonly (readonly [A, B])[] =>
  left.flatMap((a) => right.map((b) => [a, b] as const));

/** Rows that are there before sync is. */
const exists = ({ db }: SimulatedDevice, statements: string): unknown => db.exec(`${statements}; DELETE FROM sync_changelog`);

test("rows that two devices had before they joined come to one, whatever was done to them before and after", async () => {
  const edits = pairs(
    ["UPDATE items SET a = NULL", "DELETE FROM items"],
    ["UPDATE items SET b = 'edited'", "DELETE FROM lists", "INSERT OR IGNORE INTO items VALUES ('i', 'l', NULL, 'again')"],
  );
  const scripts = edits.map(([before, after]) => [sql(before), cycle, sql(after), cycle]);
  const lefts = isWide ? scripts : scripts.filter((_, at) => at === 1 || at === 5);
  const rights = isWide ? scripts : scripts.filter((_, at) => at % 2 === 0);

  for (const [left, right] of pairs(lefts, rights))
    await inEveryOrder([left, right], ({ devices }) => {
      for (const device of devices)
        exists(device, `INSERT INTO lists VALUES ('l', '${device.name}', NULL); ${ROW}; UPDATE items SET b = '${device.name}'`);
    });
});

/** When a device syncs that never lets two ticks pass: at each tick, whether it does. */
const attendances = (ticks: number): readonly (readonly boolean[])[] =>
  ticks === 0 ? [[]] : attendances(ticks - 1).flatMap((rest) => [[true, ...rest], ...(rest[0] === false ? [] : [[false, ...rest]])]);

test("a deleted row that is forgotten is missed by nobody, whenever who deletes it and who edits it sync within their time", async () => {
  const TICKS = 6;
  const [all, places] = [attendances(TICKS), Array.from({ length: TICKS }, (_, at) => at)];
  const alternating = all.filter((attendance) =>
    attendance.every((isHere, at) => isHere === ((at % 2 === 0) === (attendance[0] === true))),
  );
  let forgotten = 0;
  for (const [[deleter, editor], at] of pairs(pairs(all, isWide ? all : alternating), places)) {
    const account = new Account(["a", "b", "c", "late"]);
    const [a, b, c, late] = account.devices as [SimulatedDevice, SimulatedDevice, SimulatedDevice, SimulatedDevice];
    for (const statement of [LIST, ROW]) edit(a, statement);
    for (const device of [a, b, c]) await device.cycle();
    exists(late, `${LIST}; ${ROW}`); // an old copy, on a device that has never read the log

    // Who edits the row does not know this value, and tells what it had before.
    for (const statement of ["UPDATE items SET b = 'last'", "DELETE FROM items"]) edit(a, statement);
    edit(c, "UPDATE lists SET name = 'later than the delete'");
    for (const tick of places) {
      await c.cycle(); // before the others and after them: it forgets as early as anybody may
      if (editor[tick] === true) await b.cycle();
      if (tick === at) edit(b, "UPDATE items SET a = 'edited'");
      if (deleter[tick] === true) await a.cycle();
      await c.cycle();
      account.nowMs += 0.49 * MAX_AWAY_DAYS * DAY_MS;
    }
    for (const device of [a, b, c]) await device.cycle();
    const remember = [a, b, c].filter(({ db }) => db.prepare("SELECT 1 FROM sync_row_clock WHERE row_id = 'i'").get() !== undefined);
    if (!remember.includes(c)) forgotten += 1;
    if (remember.length > 0) {
      account.server.snapshots = new SimulatedSnapshots();
      await c.uploadSnapshot();
    }

    await account.settle();
    account.check(`a: ${deleter.join(" ")}; b: ${editor.join(" ")}, edit at ${at}; ${late.name}: an old copy`);
  }
  expect(forgotten).toBeGreaterThan(0);
});

/** What a and b do to their list and its items, and c once it has come. */
const histories = [
  {
    what: "edits and deletes of rows, one of them made twice",
    a: ["INSERT INTO items VALUES ('j', 'l', 'a', NULL)", "UPDATE items SET b = 'a2'"],
    b: ["INSERT INTO items VALUES ('j', 'l', 'b', 'b')", "DELETE FROM items WHERE id = 'i'"],
    c: "UPDATE items SET b = 'c'",
  },
  {
    what: "a parent that goes while it gets children",
    a: ["DELETE FROM lists", "INSERT OR IGNORE INTO lists VALUES ('l', 'again', NULL)"],
    b: ["INSERT INTO items VALUES ('j', 'l', 'b', NULL)", "UPDATE items SET a = 'b2'"],
    c: "UPDATE lists SET name = 'c'",
  },
  {
    what: "a unique value that three want",
    a: ["INSERT INTO lists VALUES ('m', 'a', 'tag')", "UPDATE lists SET name = 'a2'"],
    b: ["INSERT INTO lists VALUES ('n', 'b', 'tag')", "UPDATE lists SET tag = 'free' WHERE id = 'n'"],
    c: "UPDATE lists SET tag = 'tag' WHERE id = 'l'",
  },
] as const;

test.each(histories)(
  "a device that begins with a snapshot, taken and read in the midst of $what, has what the log comes to",
  async ({ a, b, c }) => {
    const [first, second] = a.map(sql) as [Step, Step];
    const others = isWide ? [sql(b[0]), cycle, sql(b[1])] : [sql(b[0]), sql(b[1])];

    await inEveryOrder([[first, upload, second], others, [cycle, sql(c)]], async ({ server, devices }) => {
      server.snapshots = new SimulatedSnapshots();
      const [author, other] = devices as [SimulatedDevice, SimulatedDevice];
      for (const statement of [LIST, ROW]) edit(author, statement);
      for (const device of [author, other]) await device.cycle();
    });
  },
);

/** Whatever values SQLite holds, in columns with and without a declared type: another device comes to have the same, and their author keeps them. */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { ColumnType, Table } from "@synckit-gen/schemas/model";
import type { SqlValue } from "@synckit-gen/schemas/protocol";
import { openGenerated } from "./support/generated.ts";
import { loadSpec, type LoadedSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { quiesce, SimulatedDevice, SimulatedServer } from "./support/simulation.ts";

const TYPES = ["text", "json", "integer", "bigint", "real", "boolean", "blob", "timestamp"] as const satisfies readonly ColumnType[];
const KEYS = ["text", "uuid", "integer", "bigint", "blob", "timestamp", "boolean"] as const satisfies readonly ColumnType[];
const columns = Object.fromEntries(TYPES.map((type) => [`v ${type}`, `${type}?` as const]));
const model = modelOf([
  ...KEYS.map((type) => tableOf(`by ${type}`, { identity: { id: type }, columns })),
  tableOf("by two", { identity: { id: "text", part: "blob" }, columns }),
]);
const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
const namesOf = (table: Table): readonly string[] => table.columns.map(({ name }) => name);
/** The app's own tables: columns without a type, and keys that are declared like this. */
const keyedBy = (declared: string): string =>
  model.tables
    .map((table) => {
      const declarations = namesOf(table).map((name) => `"${name}"${table.key.includes(name) ? ` ${declared}` : ""}`);
      return `CREATE TABLE "${table.name}" (${declarations.join(", ")}, PRIMARY KEY (${list(table.key)})) WITHOUT ROWID;`;
    })
    .join("\n");

let loaded: LoadedSpec;
beforeAll(async () => {
  loaded = await loadSpec(model);
});

const text = fc.oneof(
  fc.constantFrom("", "a", "A", "it's", "{}", '{"$int":"5"}', "\0", "a\0b", "1", "01", " 1", "1e3", "-0"),
  fc.string({ unit: "binary" }).map((drawn) => drawn.toWellFormed()),
);
const whole = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const real = fc.oneof(fc.constantFrom(0.5, 1e300, 5e-324, Infinity, -Infinity, 0.1 + 0.2, 1e15, 1e16, 1e21), fc.double({ noNaN: true }));
const bytes = fc.oneof(fc.constantFrom("", "a", "é"), fc.string({ unit: "binary" })).map((drawn) => Buffer.from(drawn));
const value: fc.Arbitrary<SqlValue> = fc.oneof(fc.constant(null), text, whole, real, bytes);

/** Mostly of the class that the key's type has. A row with a key of another may stay where it is: row ids do not always tell the class. */
const keys = fc
  .record({ text, whole, bytes, value, isOdd: fc.nat(3).map((drawn) => drawn === 0) })
  .map((drawn) => (type: ColumnType | null | undefined): SqlValue => {
    if (drawn.isOdd) return drawn.value;
    if (type === "blob") return drawn.bytes;
    return type === "integer" || type === "bigint" || type === "boolean" ? drawn.whole : drawn.text;
  });

const step = fc.record({
  device: fc.nat(1),
  table: fc.nat(1),
  kind: fc.constantFrom("insert", "insert", "update", "rekey", "delete", "sync"),
  key: fc.nat(4),
  other: fc.nat(4),
  column: fc.constantFrom(...TYPES).map((type) => `"v ${type}"`),
  value,
  part: bytes,
});

test("every value of every class arrives as it is stored, in rows with keys of every type, or stays with a row that has no name", async () => {
  const plan = fc.record({
    keyType: fc.constantFrom(null, "", "NUMERIC", "TEXT", "REAL"),
    first: fc.nat(model.tables.length - 1),
    pool: fc.array(keys, { minLength: 5, maxLength: 5 }),
    steps: fc.array(step, { minLength: 1, maxLength: 25 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ keyType, first, pool, steps }) => {
      const server = new SimulatedServer();
      let now = 1_700_000_000_000;
      const device = (name: string): SimulatedDevice =>
        new SimulatedDevice(
          name,
          model,
          loaded,
          server,
          () => (now += 1),
          openGenerated(model, keyType === null ? {} : { ddl: keyedBy(keyType) }),
        );
      const [left, right] = [device("left"), device("right")];

      for (const { device: place, table: offset, kind, key, other, column, value: given, part } of steps) {
        const author = place === 0 ? left : right;
        const table = model.tables[(first + offset) % model.tables.length] as Table;
        const type = table.columns.find(({ name }) => name === "id")?.type;
        const [id, next] = [pool[key]?.(type), pool[other]?.(type)];
        const parts = table.key.length > 1 ? [part] : [];
        try {
          if (kind === "sync") {
            await author.push();
            await author.pull();
          } else if (kind === "insert") {
            const names = `${list(table.key)}, ${column}`;
            author.edit(`INSERT INTO "${table.name}" (${names}) VALUES (?, ?${parts.map(() => ", ?").join("")})`, id, ...parts, given);
          } else if (kind === "update") author.edit(`UPDATE "${table.name}" SET ${column} = ? WHERE id = ?`, given, id);
          else if (kind === "rekey") author.edit(`UPDATE "${table.name}" SET id = ? WHERE id = ?`, next, id);
          else author.edit(`DELETE FROM "${table.name}" WHERE id = ?`, id);
        } catch (error) {
          expect(String(error)).toMatch(/constraint failed|datatype mismatch/);
        }
      }
      const content = ({ db }: SimulatedDevice, isNamed: boolean): unknown =>
        loaded.spec.tables.map((table) => {
          // quote() says nothing of what follows a NUL, and hex() nothing of a real's last digits.
          const stored = table.columns.map(
            ({ name }) => `typeof("${name}") || iif(typeof("${name}") = 'real', quote("${name}"), hex("${name}"))`,
          );
          return [
            table.name,
            db
              .prepare(
                `SELECT ${stored.join(", ")} FROM "${table.name}" WHERE (${table.sql.rowId}) IS ${isNamed ? "NOT NULL" : "NULL"} ORDER BY 1, 2`,
              )
              .raw()
              .all(),
          ];
        });
      const devices = [left, right];
      const alone = devices.map((author) => content(author, false));

      await quiesce(server, devices);

      expect(content(left, true)).toEqual(content(right, true));
      expect(devices.map((author) => content(author, false))).toEqual(alone);
      for (const { db } of devices) {
        expect(db.prepare("SELECT count(*) FROM sync_quarantine").pluck().get()).toBe(0);
        db.close();
      }
    }),
    { numRuns: 40 },
  );
});

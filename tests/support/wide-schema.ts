/** DDL of a hundred tables that have grown over the years: every kind of key, odd names, cycles, views, triggers. Always the same. */

const NAMES = ["order", "Line Item", "stock", "person", "address_book", "it's", "Größe", "select", "log-entry"];
const TYPES = ["TEXT", "INTEGER", "REAL", "BLOB", "NUMERIC(10,2)", "DATETIME", "BOOLEAN", "VARCHAR(40)", "JSON", "", "BIGINT"];

interface Made {
  readonly name: string;
  readonly key: readonly string[];
}

export function wideSchema(count = 100): string {
  const random = sequence(20_240_229);
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const made: Made[] = [];
  const sql: string[] = [];
  for (let place = 0; place < count; place++) {
    const name = `${pick(NAMES)} ${place}`;
    const key = place % 5 === 0 ? ["left", "right"] : [pick(["id", "No", "key"])];
    const parts = key.map(
      (column) => `${quoted(column)} ${key.length > 1 ? "TEXT NOT NULL" : pick(["INTEGER", "TEXT NOT NULL", "INT NOT NULL", "TEXT"])}`,
    );
    const columns = Array.from({ length: 2 + random(7) }, (_, i) => columnAt(i));
    const references = Array.from({ length: random(4) }, (_, i) => referenceAt(i)).filter((text) => text !== null);
    const extra = random(4) === 0 ? ["UNIQUE (c0, c1)"] : [];
    const end = place % 7 === 0 ? " WITHOUT ROWID" : "";
    sql.push(
      `CREATE TABLE ${quoted(name)} (${[...parts, ...columns, ...references.map(({ own }) => own), `PRIMARY KEY (${key.map(quoted).join(", ")})`, ...extra, ...references.map(({ foreign }) => foreign)].join(", ")})${end};`,
    );
    made.push({ name, key });
    if (place % 11 === 0) sql.push(`CREATE VIEW ${quoted(`view of ${name}`)} AS SELECT * FROM ${quoted(name)};`);
    if (place % 13 === 0) sql.push(`CREATE TRIGGER ${quoted(`on ${name}`)} AFTER UPDATE ON ${quoted(name)} BEGIN SELECT 1; END;`);

    function columnAt(i: number): string {
      const type = pick(TYPES);
      const rest = pick(["", " NOT NULL", " DEFAULT 7", " NOT NULL DEFAULT 'x''y'", " DEFAULT (datetime('now'))"]);
      return i === 5 ? `c5 TEXT AS (upper(c0)) STORED` : `c${i} ${type}${rest}`;
    }

    /** To an earlier table, or to this one. */
    function referenceAt(i: number): { readonly own: string; readonly foreign: string } | null {
      const parent = pick([...made, { name, key }]);
      const own = parent.key.map((part) => `ref${i}_${part}`);
      const action = pick(["", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT", " ON UPDATE CASCADE"]);
      return {
        own: own.map((part) => `${quoted(part)} TEXT`).join(", "),
        foreign: `FOREIGN KEY (${own.map(quoted).join(", ")}) REFERENCES ${quoted(parent.name)} (${parent.key.map(quoted).join(", ")})${action}`,
      };
    }
  }
  sql.push(`CREATE TABLE no_key (line TEXT);`, `CREATE VIRTUAL TABLE search USING fts5(body);`);
  return sql.join("\n");
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A linear congruential generator: 0 to below `limit`. */
function sequence(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Table names to names for generated code: valid, unique in the model, no reserved words. Decided once, here. */
import type { TableCode } from "@synckit-gen/schemas/model";

/** Words that cannot name a value in a module, and globals that generated code or its reader may need. */
const TAKEN_VALUES = new Set(
  (
    "arguments await bigint boolean break case catch class const constructor continue debugger default delete do else enum eval export extends false finally " +
    "for function globalthis if implements import in infinity instanceof interface let nan never new null number object package private protected public " +
    "return static string super switch symbol this throw true try typeof undefined unknown var void while with yield"
  ).split(" "),
);
/** Types of TypeScript, and names that generated modules declare or import themselves. */
const TAKEN_TYPES = new Set(
  (
    "array bigint boolean compilable constructor database date error function generated globalthis infinity iterator json kysely map math nan never null number " +
    "object omit order partial pick promise proxy readonly record reflect regexp required selectable set string symbol sync table undefined unknown updateable void"
  ).split(" "),
);
/** What generated code puts around a name: `SyncedTasks`, `TasksTable`. Two tables may not meet through it. */
const AFFIXES = /^synced(?=.)|(?<=.)(?:table|identity)$/gu;

/** Code names by table name. Handed out by name, so that the order in the file decides nothing. */
export function codeNames(tables: readonly string[]): ReadonlyMap<string, TableCode> {
  const taken = new Set<string>();
  const names = new Map<string, TableCode>();
  for (const table of tables.toSorted((a, b) => (a < b ? -1 : 1))) {
    const base = pascalCase(table);
    let type = base;
    for (let count = 2; isTaken(type, taken); count++) type = `${base}${count}`;
    taken.add(stem(type));
    names.set(table, { type, value: type.charAt(0).toLowerCase() + type.slice(1) });
  }
  return names;
}

const isTaken = (type: string, taken: ReadonlySet<string>): boolean =>
  TAKEN_TYPES.has(type.toLowerCase()) || TAKEN_VALUES.has(type.toLowerCase()) || taken.has(stem(type));

/** Compared without case: members that differ by case alone are hard to tell apart. */
const stem = (type: string): string => type.toLowerCase().replace(AFFIXES, "");

/** Words begin after what cannot stand in an identifier, and where lower case turns to upper. */
function pascalCase(name: string): string {
  const words = name
    .normalize("NFC")
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .split(/[^\p{ID_Continue}]+|_+/u)
    // Zero-width joiners continue an identifier and cannot be seen.
    .map((word) => word.replace(/\u200c|\u200d|\u00b7|\u0387/gu, ""))
    .filter((word) => word !== "");
  const joined = words
    .map((word) => {
      const [first = "", ...rest] = word;
      return first.toUpperCase() + rest.join("");
    })
    .join("")
    .normalize("NFC");
  if (joined === "") return "Table1";
  return /^\p{ID_Start}/u.test(joined) ? joined : `T${joined}`;
}

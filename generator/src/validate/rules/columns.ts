/** A column is declared once, on one side of the whitelist, and is nullable or is not. */
import { report } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { Word } from "../../parse/node.ts";
import type { TableRule } from "../rule.ts";

export const columnsAreEitherSyncedOrLocal: TableRule = function* (tables) {
  for (const table of tables) {
    const synced = new Map(table.syntax.columns.map((column) => [column.name.text, column.name]));
    for (const { name } of table.syntax.local) {
      const other = synced.get(name.text);
      if (other === undefined) continue;
      const related = [{ at: other.at, message: "on the whitelist here" }];
      yield report("column/both-synced-and-local", name.at, { table: table.name, column: name.text }, { related });
    }
  }
};

export const columnsAreNamedOnce: TableRule = function* (tables) {
  for (const { name, syntax } of tables) {
    yield* repeated(`The key of "${name}"`, syntax.key ?? []);
    yield* repeated(`\`match\` of "${name}"`, syntax.match ?? []);
    yield* repeated(
      `\`local\` of "${name}"`,
      syntax.local.map((column) => column.name),
    );
    for (const columns of syntax.unique) yield* repeated(`\`unique\` of "${name}"`, columns);
    for (const reference of syntax.references) {
      yield* repeated(`The reference "${reference.name.text}"`, reference.columns);
      yield* repeated(`The reference "${reference.name.text}"`, reference.to ?? []);
    }
  }
};

function* repeated(where: string, words: readonly Word[]): Iterable<Diagnostic> {
  const firstByName = new Map<string, Word>();
  for (const word of words) {
    const first = firstByName.get(word.text);
    if (first === undefined) firstByName.set(word.text, word);
    else
      yield report("column/repeated", word.at, { column: word.text, where }, { related: [{ at: first.at, message: "first named here" }] });
  }
}

export const nullabilityIsSaidOnce: TableRule = function* (tables) {
  for (const table of tables) {
    for (const { name, type, nullable } of [...table.syntax.columns, ...table.syntax.local]) {
      if (type?.isNullable !== true || nullable?.value !== false) continue;
      const related = [{ at: nullable.at, message: "not nullable here" }];
      yield report("column/contradictory-nullable", type.word.at, { column: name.text, type: type.word.text }, { related });
    }
  }
};

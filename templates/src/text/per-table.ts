/**
 * Text that depends on one table, made once: a process that emits one model after the other, as watching does, finds most
 * tables to be the same objects.
 */
import type { Table } from "@synckit-gen/schemas/model";

/** `key` stands for what the result depends on besides the table. A table that is not frozen may change, so nothing is kept of it. */
export function perTable<T>(make: (table: Table, key: string) => T): (table: Table, key?: string) => T {
  const made = new WeakMap<Table, { readonly key: string; readonly value: T }>();
  return (table, key = "") => {
    const known = made.get(table);
    if (known?.key === key) return known.value;
    const value = make(table, key);
    if (Object.isFrozen(table)) made.set(table, { key, value });
    return value;
  };
}

import { expect, test } from "vitest";
import { modelOf, tableOf } from "../../../tests/support/models.ts";
import { typeNamesByTable } from "./names.ts";

test("types are named after their table", () => {
  const [names] = typeNamesByTable(modelOf([tableOf("email_accounts")])).values();

  expect(names).toEqual({ row: "EmailAccountsTable", synced: "SyncedEmailAccounts", identity: "EmailAccountsIdentity" });
});

test("two tables never share a type, whatever they are called", () => {
  const model = modelOf([
    tableOf("synced"),
    tableOf("table"),
    tableOf("synced_table"),
    tableOf("x_identity"),
    tableOf("synced_x"),
    tableOf("x"),
  ]);

  const names = [...typeNamesByTable(model).values()].flatMap(({ row, synced, identity }) => [row, synced, identity]);

  expect(new Set(names).size).toBe(names.length);
});

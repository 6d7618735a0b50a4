import Database from "better-sqlite3";
import { startEmbeddedServer } from "@synckit-gen/server";
import { createSync } from "./sync/sync.ts";

const server = await startEmbeddedServer();
const laptop = new Database(":memory:");
const phone = new Database(":memory:");
const onLaptop = createSync({ database: laptop, deviceName: "laptop", serverUrl: server.url, apiKey: server.apiKey });
const onPhone = createSync({ database: phone, deviceName: "phone", serverUrl: server.url, apiKey: server.apiKey });
for (const sync of [onLaptop, onPhone]) await sync.signIn(server.email, server.password);
await onLaptop.setupEncryptionNew("only my devices know this");
await onPhone.setupEncryptionExisting("only my devices know this");

laptop.exec("INSERT INTO lists VALUES ('l1', 'Groceries'); INSERT INTO items VALUES ('i1', 'l1', 'Milk', 0)");
for (const sync of [onLaptop, onPhone]) await sync.syncNow();
console.log(phone.prepare("SELECT title FROM items").all()); // [ { title: 'Milk' } ]
await server.close();

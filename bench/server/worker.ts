/** The measured side: one server in a process of its own, which tells its address and, when asked, its CPU time. */
import { createApp, createServer, createUser, openPostgresStorage, openSqliteStorage } from "@synckit-gen/server";
import { codec } from "@synckit-gen/schemas/protocol";
import Database from "better-sqlite3";
import { createHmac, randomBytes } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Ready {
  readonly url: string;
  /** What to sign in with; null: a bare handler, which asks for nothing. */
  readonly signIn: { readonly email: string; readonly password: string; readonly api_key: string } | null;
  /** Signed in already: as many accounts as were asked for. */
  readonly accounts?: readonly { readonly appId: string; readonly token: string }[];
}

const [kind, where = "", count = "0"] = process.argv.slice(2);

/** What nothing can be below: parses the request, stores its entries, answers. No session, no checks, no numbers per account. */
async function bare(): Promise<Ready> {
  const db = new Database(where);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE log (seq INTEGER PRIMARY KEY, tbl TEXT, op TEXT, row_id TEXT, at TEXT, data TEXT)");
  const insert = db.prepare("INSERT INTO log (tbl, op, row_id, at, data) VALUES (?, ?, ?, ?, ?)");
  const read = db.prepare("SELECT * FROM log WHERE seq > ? ORDER BY seq LIMIT 500");
  type Change = Readonly<Record<"table" | "op" | "row_id" | "timestamp" | "data", string>>;
  const store = db.transaction((changes: readonly Change[]) => {
    for (const c of changes) insert.run(c.table, c.op, c.row_id, c.timestamp, c.data);
  });
  const server = createHttpServer((request, reply) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as { readonly changes?: readonly Change[]; readonly cursor?: number };
      if (body.changes !== undefined) store(body.changes);
      const changes = body.changes === undefined ? (read.all(BigInt(body.cursor ?? 0)) as readonly { readonly seq: number }[]) : [];
      reply.setHeader("content-type", "application/json");
      reply.end(JSON.stringify({ changes, cursor: changes.at(-1)?.seq ?? body.cursor ?? 0, has_more: changes.length === 500 }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, signIn: null };
}

async function whole(): Promise<Ready> {
  const storage = kind === "postgres" ? await openPostgresStorage({ url: where }) : openSqliteStorage(where);
  const { apiKey } = await createApp(storage, "App");
  const [email, password] = ["ada@example.com", "correct horse battery"];
  await createUser(storage, email, password);
  const { url } = await createServer({ storage, secret: randomBytes(32), rateLimits: null }).listen();
  return { url, signIn: { email, password, api_key: apiKey } };
}

/** Many apps of one user, with a session each; no password is hashed for them. */
async function many(): Promise<Ready> {
  const storage = openSqliteStorage(where);
  const { id: userId } = await createUser(storage, "ada@example.com", "correct horse battery");
  const secret = randomBytes(32);
  const { url } = await createServer({ storage, secret, rateLimits: null }).listen();
  const now = Math.floor(Date.now() / 1000);
  const accounts = [];
  for (let i = 0; i < Number(count); i++) {
    const { app } = await createApp(storage, `App ${i}`);
    await storage.openAccount({ appId: app.id, userId });
    const claims = [
      { alg: "HS256", typ: "JWT" },
      { sub: userId, app: app.id, key: "default", iss: codec.TOKEN_ISSUER, iat: now, exp: now + 3600 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signature = createHmac("sha256", secret).update(claims.join(".")).digest("base64url");
    accounts.push({ appId: app.id, token: [...claims, signature].join(".") });
  }
  return { url, signIn: null, accounts };
}

const ready = await (kind === "bare" ? bare() : kind === "accounts" ? many() : whole());
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1000);
});
process.send?.(ready);

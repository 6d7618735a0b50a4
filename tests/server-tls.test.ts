/** Each proxy that docs/server.md shows, word for word, before a server: sign-in, rows, files and notices over TLS. */
import { SyncKitClient } from "@synckit-gen/runtime";
import { createApp, createServer, createUser, openFolderBlobs, openSqliteStorage } from "@synckit-gen/server";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "./services/postgres.ts";
import { documentBlocks } from "./support/document-blocks.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A certificate that this process trusts from now on. */
function makeCertificate(folder: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", ...names];
  execFileSync("openssl", [...options, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, readFileSync(certificate, "utf8")]);
  ends.push(() => setDefaultCACertificates(before));
  return { certificate, key };
}

interface Proxy {
  readonly name: string;
  /** Absolute. */
  readonly program: string;
  /** Of Debian. */
  readonly package: string;
  /** How the document's configuration begins. */
  readonly begins: string;
  /** This machine's names and ports in the place of the document's. */
  readonly changes: (place: Place) => readonly (readonly [from: string, to: string])[];
  /** The whole file around what the document shows. */
  readonly file: (shown: string) => string;
  /** In the folder of the file, which is `proxy.conf`. */
  readonly arguments: readonly string[];
}

interface Place extends ReturnType<typeof makeCertificate> {
  readonly port: number;
  /** Where the server listens. */
  readonly upstream: string;
}

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path temporary/${name};`).join(" ");

const PROXIES: readonly Proxy[] = [
  {
    name: "nginx",
    program: "/usr/sbin/nginx",
    package: "nginx-light",
    begins: "server {",
    changes: ({ port, upstream, certificate, key }) => [
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      ["sync.example.com;", "localhost;"],
      ["/etc/ssl/sync.example.com.pem", certificate],
      ["/etc/ssl/private/sync.example.com.key", key],
      ["http://127.0.0.1:8787", upstream],
    ],
    file: (shown) => `daemon off; pid nginx.pid; error_log error.log; events {}\nhttp { access_log off; ${TEMPORARY}\n${shown}}\n`,
    arguments: ["-p", ".", "-c", "proxy.conf", "-e", "error.log"],
  },
  {
    name: "Caddy",
    program: "/usr/bin/caddy",
    package: "caddy",
    begins: "sync.example.com {",
    changes: ({ port, upstream, certificate, key }) => [
      // Out there it gets its certificate from an authority, which no test can ask for one.
      ["sync.example.com {", `localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${key}`],
      ["127.0.0.1:8787", upstream.slice("http://".length)],
    ],
    file: (shown) => `{\n\tadmin off\n\tauto_https disable_redirects\n\tgrace_period 1s\n}\n${shown}`,
    arguments: ["run", "--config", "proxy.conf", "--adapter", "caddyfile"],
  },
];

async function startProxy(proxy: Proxy, folder: string, place: Place): Promise<void> {
  const shown = documentBlocks("docs/server.md", "text").find((block) => block.startsWith(proxy.begins));
  if (shown === undefined) throw new Error(`docs/server.md shows no configuration of ${proxy.name}`);
  const changed = proxy.changes(place).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the configuration has no ${from}`);
    return text.replace(from, to);
  }, shown);
  mkdirSync(join(folder, "temporary"));
  writeFileSync(join(folder, "proxy.conf"), proxy.file(changed));
  const child = spawn(proxy.program, proxy.arguments, { cwd: folder, stdio: "ignore", env: { HOME: folder } });
  ends.push(async () => {
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  });
}

const OPENSSL = "/usr/bin/openssl";

describe.each(PROXIES)("behind $name", (proxy) => {
  const isHere = [proxy.program, OPENSSL].every((program) => existsSync(program));
  const hint = isHere ? "" : ` (skipped: apt-get install ${proxy.package} openssl)`;

  test.runIf(isHere)(`the deployment that the document describes works, end to end${hint}`, () => deploy(proxy));
});

/** A server, the proxy before it, and two devices that use all that passes through it. */
async function deploy(proxy: Proxy): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-tls-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  const publicUrl = `https://localhost:${port}`;
  const storage = openSqliteStorage(":memory:");
  ends.push(() => storage.close());
  const { apiKey } = await createApp(storage, "Notes");
  await createUser(storage, EMAIL, PASSWORD);
  const blobs = openFolderBlobs(join(folder, "blobs"));
  const server = createServer({ storage, blobs, publicUrl, trustedProxies: ["127.0.0.1"], rateLimits: null });
  const listening = await server.listen();
  ends.push(() => listening.close());
  await startProxy(proxy, folder, { port, upstream: listening.url, ...makeCertificate(folder) });
  await expect
    .poll(() =>
      fetch(`${publicUrl}/health`).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);

  const open = async (name: string) => {
    const client = new SyncKitClient({ serverUrl: publicUrl, apiKey });
    await client.authenticate(EMAIL, PASSWORD);
    if (await client.hasServerKey()) await client.setupEncryptionExisting("rows");
    else await client.setupEncryptionNew("rows");
    return { client, id: (await client.registerDevice(name, "linux")).id };
  };
  const [desk, phone] = [await open("desk"), await open("phone")];

  const stream = phone.client.subscribeNotifications();
  ends.push(() => stream.close());
  const notices = stream[Symbol.asyncIterator]();
  expect(await notices.next()).toMatchObject({ value: "changed" }); // upon connecting
  const data = { id: "r" };
  const change = { table: "t", op: "INSERT", rowId: "r", timestamp: "2026-11-23T09:00:00.000000Z", data } as const;
  await desk.client.push(desk.id, [change]);
  let notice = await notices.next();
  while (notice.value === "keepalive") notice = await notices.next();
  expect(notice.value).toBe("changed");
  expect((await phone.client.pull(phone.id, 0)).changes).toMatchObject([{ data }]);

  const file = randomBytes(3_000_000);
  const hash = createHash("sha256").update(file).digest("hex");
  const { url } = await desk.client.blobUploadUrl(hash, file.length);
  expect(url?.startsWith(publicUrl)).toBe(true);
  await desk.client.blobUpload(url ?? "", file);
  await desk.client.blobConfirm(hash, file.length);
  expect(file.equals(await phone.client.blobDownload(await phone.client.blobDownloadUrl(hash), hash))).toBe(true);

  expect((await fetch(`${publicUrl}/metrics`)).status).toBe(404);
  const metadata = (await (await fetch(`${publicUrl}/.well-known/oauth-authorization-server`)).json()) as { readonly issuer: string };
  expect(metadata.issuer).toBe(publicUrl);
  const wrong = request(`${publicUrl}/api/sync/auth`, {
    method: "POST",
    ca: getCACertificates("default"),
    // Not the proxy's own address, which is trusted.
    localAddress: "127.0.0.2",
    headers: { "X-Forwarded-For": "203.0.113.9" },
  });
  wrong.end(JSON.stringify({ email: EMAIL, password: "wrong horse", api_key: apiKey }));
  const [reply] = (await once(wrong, "response")) as [IncomingMessage];
  reply.resume();
  expect(reply.statusCode).toBe(401);
  // The caller's own word is not what the log has.
  expect((await storage.readAudit(1)).map(({ outcome, address }) => [outcome, address])).toEqual([["refused", "127.0.0.2"]]);
}

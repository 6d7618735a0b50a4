/**
 * The packed runtime, installed as an application would, on every platform it names: `npm ci` here, then `npm run platforms`.
 * On each, two devices sync through the real server.
 */
import { deepStrictEqual } from "node:assert";
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmbeddedServer, type EmbeddedServer } from "@synckit-gen/server";
import { build } from "esbuild";
import { chromiumPath, launchChromium } from "../support/chromium.ts";

const here = import.meta.dirname;
const root = join(here, "../..");
const EXPECTED = ["Milk 🥛 and back", "Bread"];
const execute = promisify(execFile);

interface Report {
  readonly held: readonly (readonly string[])[];
  readonly version: string;
}

const installed = (path: string): string => join(here, "node_modules", path);
const PROGRAMS = [
  ["Node 22", installed("node-22/bin/node")],
  ["Node 24", process.execPath],
  ["Node 26", installed("node-26/bin/node")],
  ["Bun", installed("bun/bin/bun.exe")],
] as const;

const folder = mkdtempSync(join(tmpdir(), "synckit-platforms-"));
try {
  await install();
  for (const [name, program] of PROGRAMS)
    for (const library of ["better-sqlite3", "node:sqlite"])
      await onServer(name, library, async ({ url, apiKey, email, password }) => {
        const { stdout } = await execute(program, [join(folder, "device.js"), library, url, apiKey, email, password], { timeout: 120_000 });
        return JSON.parse(stdout) as Report;
      });
  if (chromiumPath === null) console.log("Chromium: skipped (install chromium, or name one in CHROMIUM)");
  else await onServer("Chromium", "sqlite-wasm", inChromium);
} finally {
  rmSync(folder, { recursive: true });
}

/** An application's folder: the packages as they would be published, and the quickstart's generated code. */
async function install(): Promise<void> {
  await execute("npm", ["pack", "-w", "schemas", "-w", "runtime", "--pack-destination", folder], { cwd: root });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const archives = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  const packages = [...archives.map((file) => `./${file}`), "@sqlite.org/sqlite-wasm@3.54.1-build1"];
  await execute("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: folder });
  for (const file of ["exercise.js", "device.js", "page.js"]) copyFileSync(join(here, file), join(folder, file));
  const entryPoints = [join(root, "examples/quickstart/sync/sync.ts")];
  await build({ entryPoints, bundle: true, packages: "external", format: "esm", outfile: join(folder, "sync.js") });
}

async function onServer(platform: string, library: string, run: (server: EmbeddedServer) => Promise<Report>): Promise<void> {
  const server = await startEmbeddedServer();
  try {
    const { held, version } = await run(server);
    deepStrictEqual(held, [EXPECTED, EXPECTED]);
    console.log(`${platform} (${version}), ${library}: two devices hold the same`);
  } finally {
    await server.close();
  }
}

/** A page on the server's own origin, bundled for browsers with nothing left out and nothing put in Node's place. */
async function inChromium({ url, apiKey, email, password }: EmbeddedServer): Promise<Report> {
  const entryPoints = [join(folder, "page.js")];
  await build({ entryPoints, bundle: true, format: "esm", platform: "browser", outfile: join(folder, "bundle.js"), logLevel: "error" });
  const files = new Map([
    ["/", ["text/html", Buffer.from("<!doctype html><title>smoke</title>")]],
    ["/bundle.js", ["text/javascript", readFileSync(join(folder, "bundle.js"))]],
    ["/sqlite3.wasm", ["application/wasm", readFileSync(join(folder, "node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm"))]],
  ] as const);
  const origin = createServer((request, response) => {
    const file = files.get((request.url ?? "/") as "/");
    if (file !== undefined) return void response.writeHead(200, { "content-type": file[0] }).end(file[1]);
    const pass = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = "GET", headers } = request;
      const reply = await fetch(url + (request.url ?? ""), {
        method,
        headers: { "content-type": headers["content-type"] ?? "", authorization: headers.authorization ?? "" },
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      response.writeHead(reply.status, { "content-type": "application/json" }).end(await reply.text());
    };
    pass().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => void origin.listen(0, "127.0.0.1", resolve));
  const browser = await launchChromium();
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${(origin.address() as AddressInfo).port}/`);
    const account = JSON.stringify({ apiKey, email, password });
    const held = await page.evaluate<Report["held"]>(`import("/bundle.js").then(({ run }) => run(${account}))`);
    return { held, version: await page.evaluate<string>("navigator.userAgent.match(/Chrome\\/([\\d.]+)/)[1]") };
  } finally {
    await browser.close();
    origin.close();
    origin.closeAllConnections();
  }
}

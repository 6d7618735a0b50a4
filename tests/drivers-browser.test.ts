/**
 * The engine in a real browser: Chromium, a worker, SQLite's WebAssembly build on the origin's private file system.
 * Nothing is bundled: the test's own server hands out the sources, types stripped and package names resolved.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitters } from "@synckit-gen/templates";
import { afterEach, expect, test } from "vitest";
import type { PayloadEntry } from "../runtime/src/client/entries.ts";
import { chromiumHint, chromiumPath } from "./support/chromium.ts";
import { ddlFor, testContext } from "./support/generated.ts";
import { loadSpec } from "./support/load-spec.ts";
import { modelOf, tableOf } from "./support/models.ts";
import { SimulatedDevice, SimulatedServer } from "./support/simulation.ts";
import { readManifest, repositoryRoot } from "./support/workspace.ts";

const model = modelOf([tableOf("notes", { columns: { body: "text", n: "bigint", data: "blob?" } })]);
const generated = new Map(
  emitters.flatMap((emitter) => emitter.emit(model, testContext)).map(({ path, text }) => [`/generated/${path}`, text]),
);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

interface BrowserReport {
  readonly error?: string;
  readonly rows: readonly (readonly [string, string])[];
  readonly constraints: readonly string[];
  readonly journal: string;
  readonly pending: number;
  readonly sqlite: string;
}

test.runIf(chromiumPath !== null)(
  `Chromium: rows travel both ways, through a file that outlives its handle${chromiumHint}`,
  async () => {
    const loaded = await loadSpec(model);
    const log = new SimulatedServer();
    const device = new SimulatedDevice("node", model, loaded, log, Date.now);
    device.edit("INSERT INTO notes VALUES ('from node', 'there', -1, NULL)");
    await device.push();

    const report = await runInBrowser(log);
    await device.pull();

    expect(report.error).toBe(undefined);
    expect(report.constraints).toEqual(["PRIMARYKEY"]);
    expect(report.pending).toBe(0);
    expect(report.journal).toBe("delete");
    const view = device.view(loaded.spec);
    expect(new Map(report.rows.map(([rowId, payload]) => [`notes ${rowId}`, JSON.parse(payload) as unknown]))).toEqual(view);
    expect(view.get("notes from node")).toMatchObject({ body: "there and back" });
    expect(view.get("notes from the browser")).toMatchObject({ body: "é😀\0", n: "9223372036854775807", data: "00FF" });
  },
  60_000,
);

/** Opens a page whose worker is `support/browser-worker.js`, and waits for its report. */
async function runInBrowser(log: SimulatedServer): Promise<BrowserReport> {
  const { promise, resolve } = Promise.withResolvers<BrowserReport>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      try {
        const [type, body] = request.method === "POST" ? answer(log, path, Buffer.concat(chunks).toString(), resolve) : file(path);
        response.writeHead(200, { "content-type": type }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
  });
  await listen(server);
  cleanUps.push(() => server.close());
  const profile = mkdtempSync(join(tmpdir(), "synckit-browser-"));
  const options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = spawn(chromiumPath as string, [...options, `--user-data-dir=${profile}`, url], { stdio: "ignore" });
  cleanUps.push(async () => {
    browser.kill();
    await once(browser, "close");
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  });
  return promise;
}

const listen = (server: Server): Promise<void> => new Promise((resolve) => void server.listen(0, "127.0.0.1", resolve));

type Answer = readonly [type: string, body: string | Buffer];

/** A worker that cannot even start says so, in the worker's stead. */
const PAGE = `<!doctype html><script>
new Worker("/tests/support/browser-worker.js", { type: "module" }).onerror = ({ message = "a module did not load", filename, lineno }) =>
  fetch("/done", { method: "POST", body: JSON.stringify({ error: message + " " + filename + ":" + lineno }) });
</script>`;

/** The test's half of what the worker asks. */
function answer(log: SimulatedServer, path: string, body: string, done: (report: BrowserReport) => void): Answer {
  const asked: unknown = JSON.parse(body);
  const json = (value: unknown): Answer => ["application/json", JSON.stringify(value)];
  if (path === "/setup") return json({ ddl: ddlFor(model) });
  if (path === "/pull") return json({ entries: log.log.slice(asked as number), cursor: log.log.length, hasMore: false });
  if (path === "/push") {
    log.append("browser", asked as PayloadEntry[]);
    return json(log.log.length);
  }
  done(asked as BrowserReport);
  return json(null);
}

function file(path: string): Answer {
  if (path === "/") return ["text/html", PAGE];
  if (path.endsWith(".wasm")) return ["application/wasm", readFileSync(join(repositoryRoot, path))];
  const text = generated.get(path) ?? readFileSync(join(repositoryRoot, path), "utf8");
  const script = path.endsWith(".ts") ? stripTypeScriptTypes(text) : text;
  return [
    "text/javascript",
    script.replace(/(\bfrom ?|\bimport ?)"(@?[a-z][a-z0-9./-]*)"/g, (_all, word: string, name: string) => `${word}"${pathOf(name)}"`),
  ];
}

/** What a bundler would find in the packages' manifests. */
const LIBRARIES: Readonly<Record<string, string>> = {
  "@sqlite.org/sqlite-wasm": "@sqlite.org/sqlite-wasm/dist/index.mjs",
  "hash-wasm": "hash-wasm/dist/index.esm.min.js",
  kysely: "kysely/dist/index.js",
  "libsodium-sumo": "libsodium-sumo/dist/modules-sumo-esm/libsodium-sumo.mjs",
  "libsodium-wrappers-sumo": "libsodium-wrappers-sumo/dist/modules-sumo-esm/libsodium-wrappers.mjs",
};

/** Where a package's module lies, from the root of the repository; another text as it is. */
function pathOf(name: string): string {
  const library = LIBRARIES[name];
  if (library !== undefined) return `/node_modules/${library}`;
  const [, folder, entry = ""] = /^@synckit-gen\/([a-z]+)(\/.+)?$/.exec(name) ?? [];
  if (folder === undefined) return name;
  const target = readManifest(folder).exports?.[`.${entry}`] as { readonly "synckit-source": string };
  return `/${join(folder, target["synckit-source"])}`;
}

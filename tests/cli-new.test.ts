/** `new`: the app that it makes is made, checked, tested and used as its author would. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CliHome } from "./support/cli-home.ts";
import { readManifest, repositoryRoot } from "./support/workspace.ts";

let home: CliHome;
beforeAll(() => {
  home = new CliHome();
});
afterAll(() => {
  home.dispose();
});

const app = (): string => join(home.path, "todo");
const NODE = [process.execPath, "--experimental-strip-types", "--disable-warning=ExperimentalWarning"] as const;
const env = { PATH: process.env["PATH"] ?? "" };

function node(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const ran = spawnSync(NODE[0], [...NODE.slice(1), ...args], { cwd: app(), encoding: "utf8", env, timeout: 120_000 });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

describe("the app that `new` makes", () => {
  beforeAll(() => {
    expect(home.run(["new", "todo", "--template", "node", "--yes"])).toMatchObject({ code: 0, err: "" });
    // In the place of `npm install`: the packages are those of this repository.
    symlinkSync(join(repositoryRoot, "node_modules"), join(app(), "node_modules"));
  });

  test("type-checks, and its files are current", () => {
    expect(node(join(repositoryRoot, "node_modules/typescript/bin/tsc"))).toEqual({ code: 0, out: "", err: "" });
    expect(home.run(["check", "--cwd", "todo"])).toMatchObject({ code: 0, err: "" });
  });

  test("passes its own test of two devices", () => {
    const ran = node("--test", "test/*.test.ts");

    expect(ran.out).toMatch(/fail 0/u);
    expect(ran).toMatchObject({ code: 0 });
  });

  test("syncs two devices through its development server", async () => {
    const dev = spawn(NODE[0], [...NODE.slice(1), "scripts/dev.ts"], { cwd: app(), env, stdio: ["pipe", "pipe", "inherit"] });
    const exited = new Promise<number | null>((resolve) => dev.once("exit", resolve));
    const lines = createInterface({ input: dev.stdout })[Symbol.asyncIterator]();
    const said = async (): Promise<string> => String((await lines.next()).value);
    try {
      expect(await said()).toMatch(/^Server: http:\/\/127\.0\.0\.1:\d+\. This is the device "laptop"/u);
      expect(await said()).toContain("--device phone sync");
      dev.stdin.write("add Milk\nsync\n");
      expect(await said()).toBe("added: Milk");
      expect(await said()).toBe("0 sent, 0 read");

      const phone = (...words: readonly string[]) => node("src/main.ts", "--device", "phone", ...words);
      expect(phone("sync")).toEqual({ code: 0, out: "0 sent, 2 read\n", err: "" });
      expect(phone("list").out).toBe("1. [ ] Milk\n");
      expect(phone("done", "1").out).toBe("done: Milk\n");
      expect(phone("sync").out).toBe("1 sent, 0 read\n");
      dev.stdin.write("sync\nlist\nconflicts\n");
      expect(await said()).toBe("0 sent, 1 read");
      expect(await said()).toBe("1. [x] Milk");
      expect(await said()).toBe("no conflicts");
    } finally {
      dev.stdin.end();
      expect(await exited).toBe(0);
    }
    expect(node("src/main.ts", "sync")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("network/offline") });
  });

  test("has versions that are tested together", () => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(home.read("todo/package.json")) as Record<
      string,
      Record<string, string>
    >;
    const root = readManifest(".").devDependencies ?? {};
    const runtime = readManifest("runtime");

    expect(dependencies).toEqual({
      "@synckit-gen/runtime": runtime.version,
      "better-sqlite3": runtime.dependencies?.["better-sqlite3"],
      kysely: runtime.dependencies?.["kysely"],
    });
    expect(devDependencies).toEqual({
      "@synckit-gen/schemas": readManifest("schemas").version,
      "@synckit-gen/server": readManifest("server").version,
      "@types/better-sqlite3": root["@types/better-sqlite3"],
      "@types/node": root["@types/node"],
      "synckit-gen": readManifest("generator").version,
      typescript: root["typescript"],
    });
  });
});

describe("new", () => {
  test("never writes into a folder that has something in it", () => {
    home.put("full/mine.txt", "mine\n");

    const ran = home.run(["new", "full", "--yes"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("output/exists");
    expect(home.read("full/mine.txt")).toBe("mine\n");
  });

  test("takes an empty folder, and a name of its own", () => {
    mkdirSync(join(home.path, "empty"));

    const { code, out } = home.run(["new", "empty", "--yes", "--app", 'My "list"', "--format", "json"]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ command: "new", status: "ok", next: ["cd empty", "npm install", "npm test", "npm run dev"] });
    expect(JSON.parse(home.read("empty/package.json"))).toMatchObject({ name: "my-list" });
    expect(home.read("empty/synckit.yaml")).toContain('app: "My \\"list\\""');
  });

  test("suggests a template that there is", () => {
    expect(home.run(["new", "x", "--template", "nod"])).toEqual({
      code: 2,
      out: "",
      err: 'There is no template "nod". Did you mean "node"? Templates: node.\n',
    });
  });

  test("brings a Node of its own where the machine's is too old for the app", () => {
    const under = (version: string, folder: string) =>
      home.run(["new", folder, "--yes"], { npm_config_user_agent: `npm/11.19.1 node/${version} linux x64` });
    const nodeOf = (folder: string): unknown =>
      (JSON.parse(home.read(`${folder}/package.json`)) as { devDependencies: Record<string, string> }).devDependencies["node"];

    expect(under("v20.20.2", "old")).toMatchObject({ code: 0, err: expect.stringContaining("Node.js is 20.20.2; the app needs 22.14") });
    expect(nodeOf("old")).toBe(readManifest(".").devDependencies?.["node"]);
    expect(under("v22.14.0", "new")).toMatchObject({ code: 0, err: "" });
    expect(nodeOf("new")).toBeUndefined();
  });

  test("depends on a checkout where it is told to", () => {
    expect(home.run(["new", "linked", "--yes", "--link", repositoryRoot])).toMatchObject({ code: 0 });
    expect(home.read("linked/package.json")).toContain(`"file:${repositoryRoot}/runtime"`);
    expect(home.run(["new", "other", "--yes", "--link", "."])).toMatchObject({ code: 2, err: expect.stringContaining("no checkout") });
  });
});

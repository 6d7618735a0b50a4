/** Emitters of one's own: loaded by path, held to the contract, recorded in the lock, started from a copy of ours. */
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { extraEmitters } from "@synckit-gen/templates";
import { emitters } from "synckit-gen";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID } from "./support/cli-home.ts";
import { repositoryRoot } from "./support/workspace.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
  home.put("package.json", '{ "type": "module", "workspaces": ["."] }');
  home.put("synckit.yaml", VALID);
});
afterEach(() => {
  home.dispose();
});

const emitting = (path: string, text = "one\\n"): string =>
  `export const emitter = { name: "own", summary: "", emit: () => [{ path: ${JSON.stringify(path)}, text: "${text}", ownership: "generated" }] };\n`;

describe("an emitter of one's own", () => {
  test("writes beside ours, and is recorded, so that check and the next run agree", () => {
    home.put("tools/own.js", emitting("own.txt"));

    expect(home.run(["generate", "--emitter", "tools/own.js"]).code).toBe(0);
    expect(home.read("src/sync/own.txt")).toBe("one\n");
    expect(home.run(["check"])).toMatchObject({ code: 0, err: "" });
    home.put("tools/own.js", emitting("own.txt", "two\\n"));
    expect(home.run(["check"]).out).toMatch(/stale +src\/sync\/own\.txt\n/u);
    expect(home.run(["generate"]).code).toBe(0);
    expect(home.read("src/sync/own.txt")).toBe("two\n");
  });

  test("is no longer run with --no-emitter, and what it wrote goes", () => {
    home.put("own.js", emitting("own.txt"));
    home.run(["generate", "--emitter", "own.js"]);

    expect(home.run(["generate", "--no-emitter"]).out).toMatch(/removed +src\/sync\/own\.txt\n/u);
    home.remove("own.js");
    expect(home.run(["check"]).code).toBe(0);
  });

  test("may be TypeScript, and there may be several", () => {
    home.put("a.ts", emitting("a.txt").replace("emit: ()", "emit: (): readonly object[]"));
    home.put("b.js", emitting("b.txt").replace('"own"', '"other"'));

    expect(home.run(["generate", "--emitter", "a.ts", "--emitter", "b.js"])).toMatchObject({ code: 0, err: "" });
    expect([home.has("src/sync/a.txt"), home.has("src/sync/b.txt")]).toEqual([true, true]);
  });

  test.each([
    ["not there", "emitter/not-found", 2, null],
    ["not JavaScript", "emitter/unloadable", 2, "export const = 1;"],
    ["throwing while it loads", "emitter/unloadable", 2, 'throw new Error("no luck");'],
    ["without an export", "emitter/wrong-shape", 2, "export const other = 1;"],
    ["without a function", "emitter/wrong-shape", 2, 'export const emitter = { name: "own", summary: "" };'],
    ["throwing", "emitter/failed", 1, 'export const emitter = { name: "own", summary: "", emit: () => { throw new Error("no luck"); } };'],
    [
      "changing the model",
      "emitter/failed",
      1,
      'export const emitter = { name: "own", summary: "", emit: (model) => { model.app = "x"; return []; } };',
    ],
    ["giving no files", "emitter/failed", 1, 'export const emitter = { name: "own", summary: "", emit: () => "text" };'],
    ["leaving the folder", "emitter/bad-file", 1, emitting("../../package.json")],
    ["leaving the folder deeper down", "emitter/bad-file", 1, emitting("a/../../b")],
    ["naming an absolute path", "emitter/bad-file", 1, emitting("/tmp/a")],
    ["writing the lock", "emitter/bad-file", 1, emitting("synckit.lock.json")],
    ["writing what is hidden", "emitter/bad-file", 1, emitting(".gitattributes")],
    ["writing one of our files", "emitter/bad-file", 1, emitting("Tables.ts")],
    ["writing CRLF", "emitter/bad-file", 1, emitting("a.txt", "a\\r\\n")],
  ])("that is %s is a finding, and nothing is written", (_what, code, exit, text) => {
    if (text !== null) home.put("own.js", text);
    const before = home.snapshot();

    const ran = home.run(["generate", "--emitter", "own.js"]);

    expect(ran).toMatchObject({ code: exit, out: "" });
    expect(ran.err).toMatch(new RegExp(`^own\\.js {2}error {2}${code}\\n`, "u"));
    expect(ran.err).not.toMatch(/^ {4}at /mu);
    expect(home.snapshot()).toEqual(before);
  });

  test("that a lock names outside of the repository is not run", () => {
    home.put("repository/.git/HEAD", "");
    home.put("repository/synckit.yaml", VALID);
    home.put("own.js", emitting("own.txt"));
    expect(home.run(["generate", "repository/synckit.yaml", "--emitter", "own.js"]).code).toBe(0);

    const ran = home.run(["generate", "repository/synckit.yaml"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain("repository/src/sync/synckit.lock.json  error  emitter/outside");
  });
});

describe("templates", () => {
  test("lists every emitter with what it writes", () => {
    const { out } = home.run(["templates", "list"]);

    for (const { name, summary } of [...emitters, ...extraEmitters])
      expect(out).toMatch(new RegExp(`^ {2}${name} +${summary.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)}$`, "mu"));
  });

  test.each([...emitters, ...extraEmitters].map(({ name }) => name))(
    "ejects %s as an emitter that runs in its place, byte for byte",
    (name) => {
      home.run(["generate", "-q", "--with", extraEmitters.map((extra) => extra.name).join(",")]);
      const before = home.snapshot().filter(([path]) => path.includes("src/sync") && !path.endsWith("lock.json"));
      symlinkSync(join(repositoryRoot, "node_modules"), join(home.path, "node_modules"));

      for (const file of ["ejected.js", "ejected.ts"]) {
        expect(home.run(["templates", "eject", name, "-o", file])).toMatchObject({ code: 0, err: "" });
        expect(home.run(["generate", "--emitter", file])).toMatchObject({ code: 0, err: "" });
        expect(home.snapshot().filter(([path]) => path.includes("src/sync") && !path.endsWith("lock.json"))).toEqual(before);
      }
    },
  );

  test("what is ejected may be changed", () => {
    home.install();
    home.run(["templates", "eject", "order"]);
    home.put("order-emitter.js", home.read("order-emitter.js").replace("The order in which tables are safe to write.", "Parents first."));

    home.run(["generate", "--emitter", "order-emitter.js"]);

    expect(home.read("src/sync/order.ts")).toContain("// Parents first.\n");
  });

  test("does not overwrite a file unless it is told to", () => {
    home.put("tables-emitter.js", "// mine\n");

    expect(home.run(["templates", "eject", "tables"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("--force overwrites it"),
    });
    expect(home.read("tables-emitter.js")).toBe("// mine\n");
    expect(home.run(["templates", "eject", "tables", "--force"]).code).toBe(0);
  });

  test.each([
    [["eject"], "Name the emitter to eject"],
    [["eject", "tables", "-o", "tables.txt"], "no name for a module"],
    [["eject", "nothing"], 'There is no emitter "nothing"'],
    [["eject", "tables", "-o", "package.json/x.js"], "cannot be written"],
  ])("%j is refused", (args, words) => {
    expect(home.run(["templates", ...args])).toMatchObject({ code: 2, out: "", err: expect.stringContaining(words) });
    expect(readdirSync(home.path).toSorted()).toEqual(["package.json", "synckit.yaml"]);
  });
});

/** `init`: a first schema that works as it is, from scratch and from a database. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliHome } from "./support/cli-home.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

test("writes a schema that generates without a finding", () => {
  expect(home.run(["init", "--yes", "--app", "my notes"])).toEqual({
    code: 0,
    out: "synckit.yaml: written. Name your tables in it, then run `synckit-gen generate`.\n",
    err: "",
  });

  expect(home.read("synckit.yaml")).toMatch(
    /^# yaml-language-server: \$schema=\.\/node_modules\/@synckit-gen\/schemas\/json\/synckit\.schema\.json\n/u,
  );
  expect(home.read("synckit.yaml")).toContain('\napp: "my notes"\n');
  expect(home.run(["generate"])).toMatchObject({ code: 0, err: "" });
});

test("never writes over a schema", () => {
  home.put("synckit.yaml", "mine\n");

  const ran = home.run(["init", "--yes"]);

  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.err).toContain("output/exists");
  expect(home.run(["init", "--from", "app.db"]).err).toContain("output/exists");
  expect(home.read("synckit.yaml")).toBe("mine\n");
});

test("drafts the schema of a database", () => {
  const db = new Database(join(home.path, "app.db"));
  db.exec("CREATE TABLE notes (id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL)");
  db.close();

  expect(home.run(["init", "--from", "app.db", "--yes"])).toMatchObject({ code: 0, err: "" });
  expect(home.read("synckit.yaml")).toContain("notes:");
  expect(home.run(["generate"])).toMatchObject({ code: 0 });
});

test("says as JSON what it did", () => {
  const { code, out } = home.run(["init", "--format", "json"]);

  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ command: "init", status: "ok", files: [{ path: "synckit.yaml" }], diagnostics: [] });
});

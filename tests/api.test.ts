/** The generator as functions: pure over texts, and typed for projects that are not ours. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { check, diff, emitters, generate } from "synckit-gen";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CliHome, VALID, WRONG } from "./support/cli-home.ts";
import { readText, repositoryRoot } from "./support/workspace.ts";

const source = (text: string) => ({ file: "synckit.yaml", text });
const NULLABLE = VALID.replace("title: text", "title: text?");

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
  home.put("synckit.yaml", VALID);
});
afterEach(() => {
  home.dispose();
});

/** The output folder as texts. */
function outputFiles(): Readonly<Record<string, string>> {
  const folder = join(home.path, "src/sync");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, "utf8")];
    }),
  );
}

/** The states that the command line prints, by path. */
function statesByCli(): unknown {
  const { files } = JSON.parse(home.run(["check", "--full", "--format", "json"]).out) as {
    readonly files: readonly { readonly path: string; readonly state: string }[];
  };
  return files.map(({ path, state }) => ({ path: path.slice("src/sync/".length), state }));
}

describe("check", () => {
  const changes: readonly (readonly [string, () => void])[] = [
    ["nothing", () => {}],
    ["the schema", () => home.put("synckit.yaml", NULLABLE)],
    ["a generated file", () => home.put("src/sync/order.ts", "// mine\n")],
    ["a scaffold", () => home.put("src/sync/commands.ts", "// mine\n")],
    ["a missing file", () => home.remove("src/sync/apply.ts")],
    ["lines in .gitattributes", () => home.put("src/sync/.gitattributes", `*.md text\n${home.read("src/sync/.gitattributes")}`)],
    ["everything", () => home.remove("src/sync")],
  ];
  test.each(changes)("says what the command line says when this has changed: %s", (_what, change) => {
    home.run(["generate", "--import-suffix", ".ts"]);
    change();
    const existing = home.has("src/sync") ? outputFiles() : {};
    const before = home.snapshot();

    const checked = check(source(home.read("synckit.yaml")), existing, emitters);

    expect(checked.ok && checked.value).toEqual(statesByCli());
    expect(home.snapshot()).toEqual(before);
  });

  test("reports a wrong schema and a lock that cannot be read", () => {
    expect(check(source(WRONG), {}, emitters)).toMatchObject({ ok: false, diagnostics: [{ code: "column/unknown-type" }, {}, {}] });
    expect(check(source(VALID), { "synckit.lock.json": "{" }, emitters)).toMatchObject({
      ok: false,
      diagnostics: [{ code: "output/lock-unreadable" }],
    });
  });

  test("refuses what would begin to leave the device", () => {
    home.run(["generate"]);

    expect(check(source(VALID.replace("title", "headline")), outputFiles(), emitters)).toMatchObject({
      ok: false,
      diagnostics: [{ code: "egress/not-accepted" }],
    });
  });
});

test("generate is a function of its arguments", () => {
  expect(generate(source(VALID), emitters)).toEqual(generate(source(VALID), emitters));
});

test("diff says in words what an upgrade means", () => {
  const outcome = diff(source(VALID), source(VALID.replace("title: text", "title: text, body: text?")));

  expect(outcome).toMatchObject({ ok: true, value: { begins: [{ table: "notes", column: "body" }], destructive: [] } });
  expect(diff(source(WRONG), source(VALID)).ok).toBe(false);
});

/** The TypeScript blocks of a document. */
const blocksOf = (path: string): readonly string[] =>
  [...readText(path).matchAll(/^```ts\n([\s\S]*?)^```$/gmu)].map(([, code]) => code ?? "");

test("a project that checks every declaration it reads compiles against what is published", () => {
  home.install();
  home.put("package.json", `{ "type": "module" }`);
  const compilerOptions = {
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  };
  home.put("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  for (const [index, code] of blocksOf("docs/build-tools.md").entries()) {
    // Those that configure a build tool read its declarations, which are not ours to check.
    if (!/from "(?:vite|rollup|webpack|esbuild)"/u.test(code)) home.put(`block-${index + 1}.ts`, `${code}\nexport {};\n`);
  }
  home.put(
    "consumer.ts",
    `import { check, diff, emitters, generate } from "synckit-gen";
import type { Drift, ExistingFiles, Generated, SchemaDiff } from "synckit-gen";
import { defineEmitter } from "synckit-gen/emitter";
import { synckit } from "synckit-gen/plugin";

const schema = { file: "synckit.yaml", text: "synckit: 1" };
const own = defineEmitter({ name: "own", summary: "", emit: (model) => [{ path: "a.txt", text: model.app, ownership: "generated" }] });
const generated = generate(schema, [...emitters, own], { importSuffix: ".ts" });
const value: Generated | undefined = generated.ok ? generated.value : undefined;
const existing: ExistingFiles = { "tables.ts": "" };
const checked = check(schema, existing, emitters);
const drift: readonly Drift[] = checked.ok ? checked.value : [];
const compared = diff(schema, schema);
const words: SchemaDiff | undefined = compared.ok ? compared.value : undefined;
export const all = [value, drift, words, synckit.vite({ schema: "synckit.yaml" }).name];
// @ts-expect-error what a project keeps from run to run is not for functions of texts
export const kept = generate(schema, emitters, { memory: null });
// @ts-expect-error an option that does not exist
export const wrong = synckit.rollup({ shema: "synckit.yaml" });
`,
  );

  const tsc = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", home.path, "--pretty", "false"], { cwd: home.path, encoding: "utf8" });

  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
});

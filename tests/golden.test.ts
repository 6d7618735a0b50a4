/**
 * One directory is one case: schema.yaml in, diagnostics.txt and expected/ out. The three apps of the seed are cases
 * too; their schemas live in schemas/apps. `UPDATE_GOLDEN=1` rewrites what is expected, and the diff is read by a person.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";
import { emitters } from "@synckit-gen/templates";
import { generate, renderDiagnostics } from "synckit-gen";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("golden/", import.meta.url));
const apps = fileURLToPath(new URL("../schemas/apps/", import.meta.url));
const isUpdating = process.env["UPDATE_GOLDEN"] === "1";

interface Run {
  readonly diagnostics: string;
  readonly codes: readonly string[];
  /** Text by path, below `expected/`. */
  readonly files: Readonly<Record<string, string>>;
}

function runCase(name: string): Run {
  const own = join(root, name, "schema.yaml");
  const text = readFileSync(existsSync(own) ? own : join(apps, `${name}.yaml`), "utf8");
  const generated = generate({ file: "schema.yaml", text }, emitters);
  const model = generated.ok ? { "model.json": `${JSON.stringify(generated.value.model, null, 2)}\n` } : {};
  const files = generated.ok ? generated.value.files.map((file) => [file.path, file.text] as const) : [];
  return {
    diagnostics: renderDiagnostics(generated.diagnostics, new Map([["schema.yaml", text]])),
    codes: generated.diagnostics.map(({ code }) => code),
    files: { ...model, ...Object.fromEntries(files) },
  };
}

function readTree(folder: string): Readonly<Record<string, string>> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function rewrite(name: string, run: Run): void {
  const folder = join(root, name);
  rmSync(join(folder, "expected"), { recursive: true, force: true });
  writeFileSync(join(folder, "diagnostics.txt"), run.diagnostics);
  for (const [path, text] of Object.entries(run.files)) {
    const target = join(folder, "expected", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

const cases = readdirSync(root).toSorted();

describe.each(cases)("%s", (name) => {
  test("gives what is expected", () => {
    const run = runCase(name);
    if (isUpdating) rewrite(name, run);

    expect(run.diagnostics).toBe(readFileSync(join(root, name, "diagnostics.txt"), "utf8"));
    expect(run.files).toEqual(readTree(join(root, name, "expected")));
  });

  test("gives the same bytes again", () => {
    expect(runCase(name)).toEqual(runCase(name));
  });
});

test("every diagnostic that a schema can cause has a case that shows it", () => {
  const shown = new Set(cases.flatMap((name) => runCase(name).codes));

  // What a database can have is shown by the tests of introspect and doctor, what an earlier version can have by tests/cli-diff.test.ts and tests/cli-migrate.test.ts.
  const unshown = DIAGNOSTIC_CODES.filter(
    (code) => !shown.has(code) && !/^(?:database|doctor|emitter|egress|against|breaking|migration)\//u.test(code),
  );

  // The rest is about files rather than about what is in a schema; tests/cli.test.ts shows those.
  expect(unshown).toEqual([
    "schema/not-found",
    "schema/unreadable",
    "output/unwritable",
    "output/edited",
    "output/edited-orphan",
    "output/lock-unreadable",
    "output/not-current",
    "output/exists",
    "output/merge-conflict",
    "output/merge-kept",
    "output/merge-removed",
    "output/merge-unparsable",
  ]);
});

test("a case that is named after a diagnostic shows it", () => {
  const named = cases.flatMap((name) =>
    DIAGNOSTIC_CODES.filter((code) => code.replace("/", "-") === name).map((code) => [name, code] as const),
  );

  const wrong = named.filter(([name, code]) => !runCase(name).codes.includes(code));

  expect(wrong).toEqual([]);
});

/**
 * `--with tests`: what it writes runs in a user's Vitest, passes on the three apps' own tables, and fails when
 * generated code is broken on purpose. Vitest runs in a process of its own, as it does for a user.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { emitters, extraEmitters } from "@synckit-gen/templates";
import { generate } from "synckit-gen";
import { beforeAll, describe, expect, test } from "vitest";
import { compileErrors } from "./support/compile-generated.ts";
import { readText, repositoryRoot } from "./support/workspace.ts";

const APPS = ["goingson", "balanced-breakfast", "audiofiles"] as const;

function filesOf(yaml: string, file = "synckit.yaml"): ReadonlyMap<string, string> {
  const generated = generate({ file, text: yaml }, [...emitters, ...extraEmitters], { importSuffix: ".ts" });
  if (!generated.ok) throw new Error(generated.diagnostics.map(({ message }) => message).join("\n"));
  return new Map(generated.value.files.map(({ path, text }) => [path, text]));
}

/** A file with one thing changed in it, which must be there. */
function broken(files: ReadonlyMap<string, string>, path: string, from: string | RegExp, to: string): ReadonlyMap<string, string> {
  const text = files.get(path) ?? "";
  const changed = text.replaceAll(from, to);
  if (changed === text) throw new Error(`${path} has nothing to break`);
  return new Map([...files, [path, changed]]);
}

interface Result {
  readonly name: string;
  readonly status: string;
  readonly message: string;
}

/** Runs Vitest over several apps' generated folders; results by app and file. */
function runVitest(apps: ReadonlyMap<string, ReadonlyMap<string, string>>): ReadonlyMap<string, readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-tests-"));
  try {
    symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    writeFileSync(
      join(folder, "vitest.config.ts"),
      `const conditions = ["synckit-source", "node", "import", "default"];
       export default { ssr: { resolve: { conditions } }, resolve: { conditions }, test: { include: ["**/*.test.ts"], fileParallelism: false } };`,
    );
    for (const [app, files] of apps)
      for (const [path, text] of files) {
        mkdirSync(dirname(join(folder, app, path)), { recursive: true });
        writeFileSync(join(folder, app, path), text);
      }
    const vitest = join(repositoryRoot, "node_modules/vitest/vitest.mjs");
    const ran = spawnSync(process.execPath, [vitest, "run", "--root", folder, "--reporter=json", "--outputFile=results.json"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, VITEST: undefined, NODE_OPTIONS: undefined },
      timeout: 240_000,
    });
    const report = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as {
      readonly testResults: readonly {
        readonly name: string;
        readonly message: string;
        readonly assertionResults: readonly {
          readonly title: string;
          readonly status: string;
          readonly failureMessages: readonly string[];
        }[];
      }[];
    };
    if (report.testResults.length === 0) throw new Error(`vitest found nothing: ${ran.stdout}${ran.stderr}`);
    return new Map(
      report.testResults.map(({ name, message, assertionResults }) => [
        name.slice(folder.length + 1).replaceAll("\\", "/"),
        assertionResults.length === 0
          ? [{ name: "the file", status: "failed", message }]
          : assertionResults.map((result) => ({ name: result.title, status: result.status, message: result.failureMessages.join("\n") })),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a user does after the first run: the app's own tables take the place of the guessed ones. */
const withOwnTables = (files: ReadonlyMap<string, string>, app: string): ReadonlyMap<string, string> =>
  new Map([
    ...files,
    ["tests/app-schema.sql", readText(`examples/${app}/src/app-schema.sql`)],
    [
      "tests/app-tables.ts",
      (files.get("tests/app-tables.ts") ?? "")
        .replace("database.exec(guessedTables)", `database.exec(readFileSync(new URL("app-schema.sql", import.meta.url), "utf8"))`)
        .replace("{ guessedTables, guessed", "{ guessed")
        .replace(`import type BetterSqlite3`, `import { readFileSync } from "node:fs";\nimport type BetterSqlite3`),
    ],
  ]);

const failures = (results: ReadonlyMap<string, readonly Result[]>): readonly Result[] =>
  [...results.values()].flat().filter(({ status }) => status !== "passed");

const NOTES = `synckit: 1
app: notes
create: true
tables:
  books:
    columns: { title: text }
    local: { shelf: text? }
  notes:
    columns: { book_id: uuid, body: text?, pinned: boolean }
    local: { draft: text? }
    references: { book_id: { table: books, on_delete: cascade } }
`;

/** What an upsert must never be: it deletes the row's children and resets its local columns. */
const REPLACING = `statements: {
        ...statementsOfBooks,
        update: (identity, changes) => {
          const { sql, ...rest } = statementsOfBooks.upsert({ ...(identity as object), ...(changes as object) } as never).compile();
          return { compile: () => ({ ...rest, sql: sql.replace("INSERT INTO", "INSERT OR REPLACE INTO").replace(/ AS "stored"| ON CONFLICT.*$/gs, "") }) } as never;
        },
      },`;

describe("generated tests", () => {
  test("pass on the tables of the three apps, as they are and as they are guessed", () => {
    const apps = new Map(
      APPS.flatMap((app): readonly (readonly [string, ReadonlyMap<string, string>])[] => {
        const files = filesOf(readText(`schemas/apps/${app}.yaml`));
        return [
          [app, withOwnTables(files, app)],
          [`${app}-guessed`, files],
        ];
      }),
    );

    const results = runVitest(apps);

    expect(failures(results)).toEqual([]);
    expect(results.size).toBe(APPS.length * 2 * 2);
  });

  describe("fail when", () => {
    const files = filesOf(NOTES);
    const cases = {
      "a trigger writes a column that must not leave": broken(
        files,
        "migrations.ts",
        `'title', NEW."title" || ''`,
        `'title', NEW."title" || '', 'shelf', NEW."shelf"`,
      ),
      "remote rows are written with REPLACE": broken(files, "apply.ts", "statements: statementsOfBooks,", REPLACING),
      "deletes are not captured": broken(files, "migrations.ts", /`CREATE TRIGGER "sync_notes_delete".*?END`,/gsu, ""),
      "two columns share a place in the mask": broken(
        files,
        "migrations.ts",
        /\(\(OLD\."body" IS NOT NEW\."body" COLLATE BINARY\) << 1\)/gu,
        "0",
      ),
    };
    const SAYS: Readonly<Record<string, RegExp>> = {
      "a trigger writes a column that must not leave": /books\.shelf is in /u,
      "remote rows are written with REPLACE": /is gone from the device|lost what only its device knew/u,
      "deletes are not captured": /seed \d+: notes .* is absent on device/u,
      "two columns share a place in the mask": /seed \d+: notes /u,
    };
    let results: ReadonlyMap<string, readonly Result[]>;
    beforeAll(() => {
      results = runVitest(new Map(Object.entries(cases).map(([name, changed]) => [name.replaceAll(" ", "-"), changed])));
    });

    test.each(Object.keys(cases))("%s", (name) => {
      const own = [...results].filter(([file]) => file.startsWith(`${name.replaceAll(" ", "-")}/`)).flatMap(([, found]) => found);
      const failed = own.filter(({ status }) => status === "failed");
      expect(failed).not.toEqual([]);
      expect(failed.map(({ message }) => message).join("\n")).toMatch(SAYS[name] ?? "");
    });
  });

  test("of one's own are as docs/generated-tests.md says", async () => {
    const page = readText("docs/generated-tests.md");
    const example = /^```ts\n(import BetterSqlite3 from .*?)^```/msu.exec(page)?.[1] ?? "";
    const expected = /console\.log\(.*\); \/\/ (.*)\n/u.exec(example)?.[1];
    const folder = mkdtempSync(join(tmpdir(), "synckit-own-"));
    try {
      symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
      for (const [path, text] of filesOf(readText("examples/quickstart/synckit.yaml"))) {
        mkdirSync(dirname(join(folder, "sync", path)), { recursive: true });
        writeFileSync(join(folder, "sync", path), text);
      }
      writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
      writeFileSync(join(folder, "own.ts"), example.replaceAll(/\.js"/gu, '.ts"'));

      const ran = spawnSync(process.execPath, ["--conditions=synckit-source", "own.ts"], {
        cwd: folder,
        encoding: "utf8",
        timeout: 120_000,
      });

      expect({ out: ran.stdout, err: ran.stderr }).toEqual({ out: `${expected}\n`, err: "" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each(APPS)("of %s compile under the strictest flags", (app) => {
    expect(compileErrors(filesOf(readText(`schemas/apps/${app}.yaml`)))).toEqual([]);
  });
});

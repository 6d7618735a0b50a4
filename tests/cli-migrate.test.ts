/** Schema evolution through the command line: what is written, what is refused, and what two branches make of it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { schemaFaults } from "./support/json-schema.ts";
import { readText } from "./support/workspace.ts";
import { CliHome } from "./support/cli-home.ts";
import { documentBlocks } from "./support/document-blocks.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

interface Words {
  readonly projects?: string;
  readonly tasks?: string;
  readonly more?: string;
}

const schema = ({ projects = "name: text", tasks = "title: text, note: text?", more = "" }: Words = {}): string => `synckit: 1
app: demo
create: true
tables:
  projects:
    columns: { ${projects} }

  # Apart, so that a merge of the schema itself is no matter.


  tasks:
    columns: { ${tasks} }
${more}`;

const migrations = (): readonly string[] => readdirSync(join(home.path, "src/sync/migrations")).filter((name) => name.endsWith(".sql"));
const lock = (): {
  readonly migrations: Readonly<Record<string, { readonly isDeployed: boolean; readonly parents: readonly string[] }>>;
  readonly bits: object;
} => JSON.parse(home.read("src/sync/synckit.lock.json")) as ReturnType<typeof lock>;
const generate = (...more: readonly string[]) => home.run(["generate", ...more]);
const accept = (...columns: readonly string[]): readonly string[] => columns.flatMap((column) => ["--accept-egress", column]);

describe("generate", () => {
  beforeEach(() => {
    home.put("synckit.yaml", schema());
    generate();
  });

  test("writes the difference as a migration of its own, and leaves the first one as it was", () => {
    const first = home.read("src/sync/migrations/0001_init.sql");
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));

    const ran = generate(...accept("tasks.due"));

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(migrations()).toEqual(["0001_init.sql", expect.stringMatching(/^0002_add_tasks_due_[0-9a-f]{6}\.sql$/u)]);
    expect(home.read("src/sync/migrations/0001_init.sql")).toBe(first);
    const second = home.read(`src/sync/migrations/${migrations()[1]}`);
    expect(second).toContain('ALTER TABLE "tasks" ADD COLUMN "due" TEXT;');
    expect(second).not.toContain("projects");
    expect(home.read("src/sync/migrations.ts")).toContain('name: "0002_add_tasks_due_');
    expect(home.run(["check"]).code).toBe(0);
  });

  test("writes no migration where the database need not change", () => {
    home.put("synckit.yaml", schema().replace("create: true", "create: true\nchangelog: { retain_days: 30 }"));

    expect(generate().code).toBe(0);
    expect(migrations()).toEqual(["0001_init.sql"]);
    expect(generate().out).toContain(" 0 files written");
  });

  test("calls the migration what it is told", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));

    generate("--name", "When is it due?", ...accept("tasks.due"));

    expect(migrations()[1]).toMatch(/^0002_when_is_it_due_[0-9a-f]{6}\.sql$/u);
  });

  test("deletes no data without being told to: exit 3, the list, and nothing written", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text" }));
    const before = home.snapshot();

    const refused = generate();

    expect(refused).toMatchObject({ code: 3, out: "" });
    expect(refused.err).toContain("migration/destructive");
    expect(refused.err).toContain("the values of tasks.note");
    expect(home.snapshot()).toEqual(before);
    expect(generate("--allow-destructive").code).toBe(0);
    expect(home.read(`src/sync/migrations/${migrations()[1]}`)).toContain('ALTER TABLE "tasks" DROP COLUMN "note";');
  });

  test("takes a rename for one where the schema says so", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, remark: { type: text?, renamed_from: note }" }));

    expect(generate()).toMatchObject({ code: 0, err: "" });
    expect(home.read(`src/sync/migrations/${migrations()[1]}`)).toContain('ALTER TABLE "tasks" RENAME COLUMN "note" TO "remark";');
    expect(lock().bits).toMatchObject({ tasks: { bits: { title: 0, remark: 1 }, burned: [] } });
  });

  test("refuses a name that an earlier version has synced, and says where", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text" }));
    generate("--allow-destructive");
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?", projects: "name: text" }));
    const before = home.snapshot();

    const refused = generate(...accept("tasks.note"));

    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain("synckit.yaml:12:29  error  migration/name-reused");
    expect(refused.err).toContain('The column "note" of "tasks" has the name of another column, which synced as of "0001_init".');
    expect(home.snapshot()).toEqual(before);
    expect(home.run(["check"]).err).toContain("migration/name-reused");
    expect(home.run(["explain", "migration/name-reused"]).out).toContain("# migration/name-reused");

    home.put("synckit.yaml", schema({ tasks: "title: text, remark: { type: text?, renamed_from: note }" }));
    expect(generate(...accept("tasks.remark")).err).toContain('says `renamed_from: note`, and the column that "0001_init" calls so');
    home.put("synckit.yaml", schema({ tasks: "title: text, remark: text?" }));
    expect(generate(...accept("tasks.remark"))).toMatchObject({ code: 0, err: "" });
  });

  test("gives a name back where no device has run the version without it", () => {
    home.run(["migrate", "new"]);
    home.put("synckit.yaml", schema({ tasks: "title: text" }));
    generate("--allow-destructive");
    home.put("synckit.yaml", schema());

    expect(generate().err).toContain("migration/name-reused");
    expect(home.run(["migrate", "squash", ...accept("tasks.note")])).toMatchObject({ code: 0, err: "" });

    expect(migrations()).toEqual(["0001_init.sql"]);
    expect(lock().bits).toMatchObject({ tasks: { bits: { title: 0, note: 1 } } });
    expect(generate()).toMatchObject({ code: 0, err: "" });
    expect(home.run(["check"]).code).toBe(0);
  });

  test("gives the place of a removed column to no other", () => {
    home.put("synckit.yaml", schema({ tasks: "note: text?" }));
    generate("--allow-destructive");
    home.put("synckit.yaml", schema({ tasks: "first: text?, note: text?, label: text?" }));
    generate(...accept("tasks.first", "tasks.label"));

    expect(lock().bits).toMatchObject({ tasks: { bits: { note: 1, first: 2, label: 3 }, burned: [0] } });
    expect(home.read("src/sync/apply.ts")).toMatch(/"?name"?: "first"[^}]*bit: 2|first[^\n]*bit: 2/u);
  });

  test("wants a value for a column that rows cannot do without", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date" }));
    expect(generate(...accept("tasks.due"))).toMatchObject({ code: 1, out: "" });

    home.put("synckit.yaml", schema({ tasks: "title: text, note: text" }));
    expect(generate().err).toContain("migration/no-value");
  });

  test("warns of a rule that rows may already break", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?" }).replace(/\n$/u, "\n    unique: [title]\n"));

    const ran = generate();

    expect(ran.code).toBe(0);
    expect(ran.err).toContain("migration/may-fail");
  });

  test.each([
    ["edited", "not as it was written", (path: string) => home.put(path, `${home.read(path)}-- mine\n`)],
    ["gone", "missing", (path: string) => home.remove(path)],
  ])("goes no further where a migration is %s", (_state, words, change) => {
    change("src/sync/migrations/0001_init.sql");
    const before = home.snapshot();

    const ran = generate("--force");

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("migration/edited");
    expect(ran.err).toContain(words);
    expect(home.snapshot()).toEqual(before);
  });

  test("says what is wrong with a damaged lock", () => {
    home.put("src/sync/synckit.lock.json", home.read("src/sync/synckit.lock.json").replace('"parents":[]', '"parents":7'));

    const ran = generate();

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("its list of migrations is damaged");
  });

  test("reports a table that has used its places up", () => {
    const columns = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => `c${from + i}: text?`).join(", ");
    home.put("synckit.yaml", schema({ tasks: columns(0, 62) }));
    generate("--allow-destructive", ...accept(...Array.from({ length: 62 }, (_, i) => `tasks.c${i}`)));
    home.put("synckit.yaml", schema({ tasks: columns(1, 63) }));

    const ran = generate("--allow-destructive", ...accept("tasks.c62"));

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("migration/bits-exhausted");
  });
});

describe("migrate", () => {
  beforeEach(() => {
    home.put("synckit.yaml", schema());
    generate();
  });

  test("status says what is sealed and what is pending, and exits 1 while something is", () => {
    expect(home.run(["migrate", "status"])).toMatchObject({ code: 0, out: "  open  0001_init\n1 migration.\nNothing is pending.\n" });
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));

    const ran = home.run(["migrate", "status"]);

    expect(ran.code).toBe(1);
    expect(ran.out).toContain("Pending: the synced column tasks.due is new (date, nullable).");
    expect(migrations()).toEqual(["0001_init.sql"]);
  });

  test("status knows JSON", () => {
    const {
      command,
      status,
      migrations: found,
      pending,
    } = JSON.parse(home.run(["migrate", "status", "--format", "json"]).out) as Record<string, unknown>;

    expect({ command, status, found, pending }).toEqual({
      command: "migrate status",
      status: "ok",
      found: [{ name: "0001_init", state: "open", parents: [] }],
      pending: null,
    });
  });

  test("new seals what is written and writes what is pending", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));

    const ran = home.run(["migrate", "new", "--name", "due", ...accept("tasks.due")]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toMatch(/sealed +0001_init\n +written +0002_due_/u);
    expect(Object.values(lock().migrations).map(({ isDeployed }) => isDeployed)).toEqual([true, false]);
  });

  test("squash writes one migration for all that is not sealed, which stands for them", () => {
    home.run(["migrate", "new"]);
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));
    generate(...accept("tasks.due"));
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?, done: { type: boolean, default: 0 }" }));
    generate(...accept("tasks.done"));
    const [, second, third] = migrations();

    const ran = home.run(["migrate", "squash", "--name", "release"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(migrations()).toEqual(["0001_init.sql", expect.stringMatching(/^0002_release_/u)]);
    const text = home.read(`src/sync/migrations/${migrations()[1]}`);
    for (const name of [second, third]) expect(text).toContain(`-- synckit: replaces ${name?.replace(".sql", "")}\n`);
    expect(home.run(["check"]).code).toBe(0);
    expect(home.run(["migrate", "squash"]).out).not.toContain("removed");
  });

  test("squash of a history that nobody has run begins anew", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, due: date?" }));
    generate(...accept("tasks.due"));

    home.run(["migrate", "squash"]);

    expect(migrations()).toEqual(["0001_init.sql"]);
    expect(home.read("src/sync/migrations/0001_init.sql")).toContain('"due" TEXT');
    expect(home.run(["check"]).code).toBe(0);
  });

  test("verify tries every way to the newest version, and repeats a run by its seed", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: { type: text, default: \"''\" }" }));
    generate();
    home.put(
      "synckit.yaml",
      schema({ projects: "label: { type: text, renamed_from: name }", tasks: "title: text, note: { type: text, default: \"''\" }" }),
    );
    generate();

    const ran = home.run(["migrate", "verify", "--seed", "7", "--rounds", "3"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out.split("\n").filter((line) => line.startsWith("  ok"))).toHaveLength(3);
    expect(ran.out).toContain("seed 7");
  });

  test("an edited model of a migration is found by verify and by check, and named", () => {
    const path = "src/sync/migrations/models/0001_init.json";
    home.put(path, home.read(path).replace('"retainDays":7', '"retainDays":8'));

    for (const command of [["migrate", "verify"], ["check"]]) {
      const { code, err } = home.run(command);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(err).toContain("migration/edited");
      expect(err).toContain("migrations/models/0001_init.json");
    }
  });

  test("verify says with --format json what its schema says", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: { type: text, default: \"''\" }" }));
    generate();

    const report = JSON.parse(home.run(["migrate", "verify", "--seed", "7", "--rounds", "1", "--format", "json"]).out) as Record<
      string,
      unknown
    >;

    expect(report).toMatchObject({ seed: 7, pairs: [{ from: "0001_init", differences: [] }] });
    const outputSchema = JSON.parse(readText("schemas/json/output.schema.json")) as Parameters<typeof schemaFaults>[1];
    expect(schemaFaults(report, outputSchema)).toEqual([]);
    expect(outputSchema).toMatchObject({ properties: { seed: {}, pairs: {} } });
  });

  test("verify finds a migration that does not do what the schema says, with few rows and the seed", () => {
    home.put("synckit.yaml", schema({ tasks: "title: text, note: { type: text, default: \"''\" }" }));
    generate();
    const path = `src/sync/migrations/${migrations()[1]}`;
    const wrong = home.read(path).replace("coalesce(\"note\", '')", "coalesce(\"note\", 'lost')");
    home.put(path, wrong);
    const text = home.read("src/sync/synckit.lock.json");
    // As a faulty generator would have recorded it.
    const [, hash = ""] = /0002[^\n]*"sha256":"([0-9a-f]{64})"/u.exec(text) ?? [];
    home.put("src/sync/synckit.lock.json", text.replaceAll(hash, sha256(wrong)));

    const ran = home.run(["migrate", "verify", "--seed", "1"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("migration/wrong");
    expect(ran.err).toMatch(/seed \d+; rows that show it: tasks: [12]\)/u);
    expect(ran.out).toContain("differs  0001_init -> 0002_");
  });
});

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("two branches", () => {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", ...args], {
      cwd: home.path,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const commit = (): void => {
    git("add", "-A");
    git("commit", "-q", "-m", "x");
  };
  function branch(name: string, text: string, ...egress: readonly string[]): void {
    git("checkout", "-q", "-b", name, "main");
    home.put("synckit.yaml", text);
    expect(generate(...accept(...egress))).toMatchObject({ code: 0, err: "" });
    commit();
  }

  beforeEach(() => {
    git("init", "-q");
    home.put("synckit.yaml", schema());
    generate();
    commit();
  });

  test("that change different tables merge without a conflict, and the next run goes on from both", () => {
    branch("a", schema({ projects: "name: text, color: text?" }), "projects.color");
    branch("b", schema({ tasks: "title: text, note: text?, due: date?" }), "tasks.due");

    git("merge", "-q", "--no-edit", "a");
    const merged = generate();

    expect(merged).toMatchObject({ code: 0, err: "" });
    expect(migrations()).toEqual([
      "0001_init.sql",
      expect.stringMatching(/^0002_add_projects_color/u),
      expect.stringMatching(/^0002_add_tasks_due/u),
    ]);
    expect(lock().bits).toMatchObject({ projects: { bits: { name: 0, color: 1 } }, tasks: { bits: { title: 0, note: 1, due: 2 } } });
    expect(home.read("src/sync/synckit.lock.json")).toContain('"projects.color column"');
    expect(home.read("src/sync/synckit.lock.json")).toContain('"tasks.due column"');
    expect(home.run(["check"]).code).toBe(0);
    expect(home.run(["migrate", "verify", "--seed", "3", "--rounds", "2"])).toMatchObject({ code: 0, err: "" });
    home.put(
      "synckit.yaml",
      schema({ projects: "name: text, color: text?", tasks: "title: text, note: text?, due: date?, done: boolean?" }),
    );
    generate(...accept("tasks.done"));
    const [latest = ""] = Object.keys(lock().migrations).filter((name) => name.startsWith("0003_"));
    expect(lock().migrations[latest]?.parents).toHaveLength(2);
  });

  test("that both change one table are named, until one migration stands for both", () => {
    branch("a", schema({ tasks: "title: text, note: text?, color: text?" }), "tasks.color");
    branch("b", schema({ tasks: "title: text, note: text?, due: date?" }), "tasks.due");
    try {
      git("merge", "-q", "--no-edit", "a");
    } catch {
      // The schema itself is in conflict; nothing that is generated is.
    }
    expect(git("diff", "--name-only", "--diff-filter=U").trim()).toBe("synckit.yaml");
    home.put("synckit.yaml", schema({ tasks: "title: text, note: text?, color: text?, due: date?" }));

    const ran = generate();

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("migration/conflicting-branches");
    expect(ran.err).toContain('changed "tasks"');
    expect(home.run(["migrate", "squash", ...accept("tasks.color", "tasks.due")])).toMatchObject({ code: 0, err: "" });
    expect(home.run(["check"]).code).toBe(0);
  });
});

test("the documentation's two versions give the migration that it shows, and it is proven", () => {
  const [first = "", second = ""] = documentBlocks("docs/migrations.md", "yaml");
  const commands = documentBlocks("docs/migrations.md", "sh").map((block) => block.trim().split(" ").slice(1));
  home.put("synckit.yaml", first);
  generate();
  home.put("synckit.yaml", second);

  for (const command of commands) expect(home.run(command)).toMatchObject({ code: 0, err: "" });

  expect(migrations()[1]).toMatch(/^0002_add_tasks_priority_[0-9a-f]{6}\.sql$/u);
  expect(home.read(`src/sync/migrations/${migrations()[1]}`)).toContain('RENAME COLUMN "note" TO "remark"');
});

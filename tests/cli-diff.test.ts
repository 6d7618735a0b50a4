/** `diff`, and what `generate` asks before a column begins to leave the device: as processes, with real git repositories. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emitters } from "@synckit-gen/templates";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run as runCli } from "../generator/src/cli/run.ts";
import { CliHome } from "./support/cli-home.ts";
import type { Ran } from "./support/cli-home.ts";

let home: CliHome;
beforeEach(() => {
  home = new CliHome();
});
afterEach(() => {
  home.dispose();
});

const schema = (notes: string, head = "", more = ""): string => `synckit: 1\napp: demo\n${head}tables:\n  notes: { ${notes} }\n${more}`;
const FIRST = schema("columns: { title: text }, local: { draft: text? }");
const LEAKING = schema("columns: { title: text, draft: text? }");
const BREAKING = schema("columns: { title: integer }, local: { draft: text? }");

const parsed = (ran: Ran): Readonly<Record<string, unknown>> => JSON.parse(ran.out) as Readonly<Record<string, unknown>>;

function git(...args: readonly string[]): void {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
  const ran = spawnSync("git", [...identity, ...args], { cwd: home.path, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`git ${args.join(" ")}: ${ran.stderr}`);
}

function commit(message: string): void {
  git("add", "-A");
  git("commit", "-q", "--no-verify", "-m", message);
}

/** A repository whose branch `main` has the first schema. */
function repository(path = "synckit.yaml"): void {
  git("init", "-q", "-b", "main");
  home.put(path, FIRST);
  commit("first");
}

describe("diff against the lock", () => {
  beforeEach(() => {
    home.put("synckit.yaml", FIRST);
    home.run(["generate", "-q"]);
  });

  test("says that nothing changed", () => {
    expect(home.run(["diff"])).toEqual({ code: 0, err: "", out: "synckit.yaml says the same as src/sync/synckit.lock.json.\n" });
  });

  test("sorts what changed by what it means, and changes nothing", () => {
    home.put("synckit.yaml", schema("columns: { draft: text?, body: text? }", "changelog: { retain_days: 9 }\n"));
    const before = home.snapshot();

    const ran = home.run(["diff"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out.split("\n").filter((line) => /^\S/u.test(line))).toEqual([
      "synckit.yaml against src/sync/synckit.lock.json",
      "Leaves the device",
      "Stops leaving the device",
      "Devices must upgrade",
      "Harmless",
      "4 changes, 1 breaking one.",
      "To let these leave: synckit-gen generate --accept-egress notes.body --accept-egress notes.draft",
    ]);
    expect(home.snapshot()).toEqual(before);
  });

  test("names what a migration would delete, where the tables are ours", () => {
    home.remove("src");
    home.put("synckit.yaml", schema("columns: { title: text, body: text? }", "create: true\n"));
    home.run(["generate", "-q"]);
    home.put("synckit.yaml", schema("columns: { title: text }", "create: true\n"));

    expect(home.run(["diff"]).out).toContain("Destructive\n  the values of notes.body\n");
  });

  test("is JSON for programs", () => {
    home.put("synckit.yaml", schema("columns: { title: integer, draft: text? }"));

    const ran = home.run(["diff", "--format", "json"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(parsed(ran)).toMatchObject({
      command: "diff",
      status: "ok",
      schema: "synckit.yaml",
      against: { kind: "lock", name: "src/sync/synckit.lock.json" },
      changes: [
        { kind: "column-became-synced", table: "notes", column: "draft", words: "notes.draft is synced (was local)" },
        { kind: "column-type-changed", table: "notes", column: "title", before: "text", after: "integer" },
      ],
      egress: {
        begins: [{ subject: "notes.draft", table: "notes", column: "draft", reasons: [{ way: "local" }] }],
        ceases: [],
      },
      destructive: [],
      breaking: [{ rule: "COLUMN_TYPE_CHANGED", table: "notes", column: "title" }],
      ignored: [],
      harmless: [],
      diagnostics: [],
    });
  });

  test("prints nothing but findings with --quiet", () => {
    home.put("synckit.yaml", BREAKING);

    expect(home.run(["diff", "-q"])).toEqual({ code: 0, out: "", err: "" });
    expect(home.run(["diff", "-q", "--breaking"])).toMatchObject({ code: 1, out: "" });
  });

  test("needs a lock", () => {
    home.remove("src");

    const ran = home.run(["diff"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(`src/sync/synckit.lock.json  error  against/no-lock`);
  });

  test("takes the lock of another output folder", () => {
    home.run(["generate", "-q", "-o", "lib"]);
    home.remove("src");
    home.put("synckit.yaml", LEAKING);

    expect(home.run(["diff", "-o", "lib"])).toMatchObject({ code: 0 });
    expect(home.run(["diff", "--against", "lib/synckit.lock.json"]).out).toContain("notes.draft");
  });

  test.each([
    ["{", "it is not JSON"],
    ["<<<<<<< ours\n", "it holds an unresolved merge"],
    ["{}", "it holds no model that this synckit-gen knows"],
  ])("a lock that holds %j is refused: %s", (text, reason) => {
    home.put("src/sync/synckit.lock.json", text);

    const ran = home.run(["diff"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`"src/sync/synckit.lock.json" cannot be compared with: ${reason}.`);
  });

  test("reports the mistakes of the schema as it is now", () => {
    home.put("synckit.yaml", FIRST.replace("title: text", "title: txt"));

    expect(home.run(["diff"])).toMatchObject({ code: 1, out: "" });
    expect(home.run(["diff"]).err).toContain("column/unknown-type");
  });
});

describe("diff --breaking", () => {
  beforeEach(() => {
    home.put("synckit.yaml", FIRST);
    home.run(["generate", "-q"]);
  });

  test("exits 1 with each finding at its place", () => {
    home.put("synckit.yaml", BREAKING);

    const ran = home.run(["diff", "--breaking"]);

    expect(ran.code).toBe(1);
    expect(ran.err).toContain("synckit.yaml:4:23  error  breaking/column-type-changed\n");
    expect(ran.err).toContain("Fix: Add a column of the new type");
    expect(ran.out).toContain("1 change, 1 breaking one.");
  });

  test("exits 0 where nothing breaks, and where the schema says that it may", () => {
    home.put("synckit.yaml", LEAKING);
    expect(home.run(["diff", "--breaking"]).code).toBe(0);

    home.put("synckit.yaml", BREAKING.replace("tables:", "breaking: { ignore: { COLUMN_TYPE_CHANGED: [notes.title] } }\ntables:"));
    const ran = home.run(["diff", "--breaking"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("1 change, 1 ignored by the schema.");
  });

  test("annotates for GitHub, and is SARIF for code scanning", () => {
    home.put("synckit.yaml", BREAKING);

    const github = home.run(["diff", "--breaking", "--format", "github"]);
    const sarif = home.run(["diff", "--breaking", "--format", "sarif"]);

    expect(github.code).toBe(1);
    expect(github.out).toMatch(/^::error file=synckit\.yaml,line=4,col=23,endLine=4,endColumn=27,title=breaking\/column-type-changed::/u);
    expect(parsed(sarif)).toMatchObject({ runs: [{ results: [{ ruleId: "breaking/column-type-changed" }] }] });
  });

  test("explains each rule", () => {
    expect(home.run(["explain", "breaking/column-removed"])).toMatchObject({ code: 0, out: expect.stringContaining("COLUMN_REMOVED") });
  });
});

describe("diff against git", () => {
  test.each([["main"], ["HEAD"], ["v1"], ["HEAD~1"]])("%s", (ref) => {
    repository();
    git("tag", "v1");
    home.put("other", "");
    if (ref === "HEAD~1") commit("second");
    home.put("synckit.yaml", LEAKING);

    const ran = home.run(["diff", "--against", ref]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toMatch(new RegExp(`^synckit.yaml against ${ref}:synckit.yaml\n\nLeaves the device\n  notes.draft: `, "u"));
  });

  test("works from a folder below, for a schema below, and with --cwd", () => {
    repository("app/db/synckit.yaml");
    home.put("app/db/synckit.yaml", LEAKING);
    home.put("app/db/deep/er/file", "");
    const expected = expect.stringContaining("notes.draft");

    expect(home.run(["diff", "app/db/synckit.yaml", "--against", "main"])).toMatchObject({ code: 0, out: expected });
    expect(home.run(["diff", "--cwd", "app/db/deep/er", "--against", "main"])).toMatchObject({ code: 0, out: expected });
  });

  test("a file comes before a branch of that name", () => {
    repository();
    home.put("main", LEAKING);

    expect(home.run(["diff", "--against", "main"]).out).toContain("synckit.yaml against main\n\nStops leaving the device");
    expect(home.run(["diff", "--against", "refs/heads/main"]).out).toContain("says the same as refs/heads/main:synckit.yaml");
  });

  test("a folder of that name is not in the way", () => {
    repository();
    mkdirSync(join(home.path, "main"));

    expect(home.run(["diff", "--against", "main"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("says the same as main:synckit.yaml"),
    });
  });

  test("a ref that is not there is refused, with the one that was probably meant", () => {
    repository();

    const ran = home.run(["diff", "--against", "mian"]);

    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toContain(`mian  error  against/not-found\n  "mian" is neither a file nor a commit, branch or tag of this repository.`);
    expect(ran.err).toContain(`Did you mean "main"?`);
  });

  test.each(["--output=evil", "HEAD:synckit.yaml", "main..main", ""])("%j is no ref, and no option of git", (ref) => {
    repository();

    const ran = home.run(["diff", `--against=${ref}`]);

    expect(ran.code).toBe(2);
    expect(home.has("evil")).toBe(false);
  });

  test("a schema that did not exist then is named with its path in the repository", () => {
    repository();
    home.put("sub/synckit.yaml", FIRST);

    const ran = home.run(["diff", "sub/synckit.yaml", "--against", "main"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`"sub/synckit.yaml" did not exist in main.`);
  });

  test("outside of a repository it says so", () => {
    home.put("synckit.yaml", FIRST);

    const ran = home.run(["diff", "--against", "main"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain(`"main" is not a file, and it cannot be a git ref: this folder is in no git repository.`);
  });

  test("without git it says so", () => {
    repository();

    const ran = home.run(["diff", "--against", "main"], { PATH: join(home.path, "nothing") });

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("it cannot be a git ref: git is not installed");
  });

  test("a schema that was broken then is shown with its errors, in its own text", () => {
    git("init", "-q", "-b", "main");
    home.put("synckit.yaml", FIRST.replace("title: text", "title: txt"));
    commit("broken");
    home.put("synckit.yaml", FIRST);

    const ran = home.run(["diff", "--against", "main"]);

    expect(ran.code).toBe(2);
    expect(ran.err).toContain("The schema in main:synckit.yaml has an error");
    expect(ran.err).toContain("main:synckit.yaml:4:30  error  column/unknown-type");
    expect(ran.err).toContain("title: txt");
  });

  test("bytes that are no text are refused", () => {
    git("init", "-q", "-b", "main");
    writeFileSync(join(home.path, "synckit.yaml"), Buffer.from([0xff, 0xfe, 0x00]));
    commit("bytes");
    home.put("synckit.yaml", FIRST);

    expect(home.run(["diff", "--against", "main"])).toMatchObject({ code: 2, err: expect.stringContaining("it is not UTF-8 text") });
  });
});

describe("what begins to leave the device", () => {
  beforeEach(() => {
    home.put("synckit.yaml", FIRST);
    home.run(["generate", "-q"]);
  });

  test("is refused without a word, with the words to say, and nothing is written", () => {
    home.put("synckit.yaml", LEAKING);
    const before = home.snapshot();

    const ran = home.run(["generate"]);

    expect(ran).toMatchObject({ code: 3, out: "" });
    expect(ran.err).toContain("synckit.yaml:4:36  error  egress/not-accepted\n");
    expect(ran.err).toMatch(/To let this leave: synckit-gen generate --accept-egress notes\.draft\n$/u);
    expect(home.snapshot()).toEqual(before);
  });

  test.each([[["generate", "--dry-run"]], [["check"]], [["generate", "--force"]]])("so it is with %j", (args) => {
    home.put("synckit.yaml", LEAKING);

    expect(home.run(args).code).toBe(3);
  });

  test("goes when it is named, and the lock says so", () => {
    home.put("synckit.yaml", LEAKING);

    const ran = home.run(["generate", "--accept-egress", "notes.draft"]);

    expect(ran).toMatchObject({ code: 0, err: "" });
    const { acceptedEgress, modelHash } = JSON.parse(home.read("src/sync/synckit.lock.json")) as Readonly<Record<string, unknown>>;
    expect(acceptedEgress).toEqual({ "notes.draft local": modelHash });
    expect(home.run(["check"]).code).toBe(0);
    expect(home.run(["generate"]).code).toBe(0);
  });

  test("goes again without a word as long as it has not ceased to", () => {
    home.put("synckit.yaml", LEAKING);
    home.run(["generate", "--accept-egress", "notes.draft"]);
    home.put("synckit.yaml", LEAKING.replace("title: text,", "title: text?,"));
    expect(home.run(["generate"]).code).toBe(0);

    home.put("synckit.yaml", FIRST);
    expect(home.run(["generate"]).code).toBe(0);
    home.put("synckit.yaml", LEAKING);

    expect(home.run(["generate"]).err).toContain("migration/name-reused");
    expect(home.run(["migrate", "squash"])).toMatchObject({ code: 3, err: expect.stringContaining(`"notes.draft"`) });
  });

  test("each column is named for itself", () => {
    home.put("synckit.yaml", schema("columns: { title: text, draft: text?, body: text? }"));

    expect(home.run(["generate", "--accept-egress", "notes.draft"])).toMatchObject({
      code: 3,
      err: expect.not.stringContaining(`"notes.draft"`),
    });
    expect(home.run(["generate", "--accept-egress", "notes.draft", "--accept-egress", "notes.body"]).code).toBe(0);
  });

  test.each([
    ["notes.daft", `Did you mean "notes.draft"?`],
    ["all", "There is no word for all of them"],
    ["notes.*", "There is no word for all of them"],
  ])("%s is refused", (name, words) => {
    home.put("synckit.yaml", LEAKING);
    const before = home.snapshot();

    const ran = home.run(["generate", "--accept-egress", name]);

    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining(words) });
    expect(home.snapshot()).toEqual(before);
  });

  test("a name that a shell would take apart is quoted in the words to copy", () => {
    home.put("synckit.yaml", schema(`columns: { title: text, "it's $HOME": text? }`));

    expect(home.run(["generate"]).err).toContain(`--accept-egress 'notes.it'\\''s $HOME'\n`);
    expect(home.run(["generate", "--accept-egress", "notes.it's $HOME"]).code).toBe(0);
  });

  test("JSON lists what is to be decided", () => {
    home.put("synckit.yaml", LEAKING);

    const ran = home.run(["generate", "--format", "json"]);

    expect(ran).toMatchObject({ code: 3, err: "" });
    expect(parsed(ran)).toMatchObject({ status: "undecided", decisions: [{ option: "--accept-egress", value: "notes.draft" }] });
  });

  test("a lock that cannot be read is not passed over in silence", () => {
    home.put("synckit.yaml", LEAKING);
    home.put("src/sync/synckit.lock.json", "{");

    expect(home.run(["generate"])).toMatchObject({ code: 2, err: expect.stringContaining("output/lock-unreadable") });
    expect(home.run(["generate", "--force"])).toMatchObject({ code: 0, err: expect.stringContaining("warning  egress/unchecked") });
  });

  test("several schemas and one name do not go together", () => {
    home.put("a.yaml", FIRST);
    home.put("b.yaml", FIRST);

    expect(home.run(["generate", "a.yaml", "b.yaml", "--accept-egress", "notes.draft"])).toMatchObject({ code: 2, out: "" });
  });
});

describe("on a terminal", () => {
  async function ask(answer: string | null, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const asked: string[] = [];
    const err: string[] = [];
    const code = await runCli(["generate", ...args], {
      cwd: home.path,
      env,
      stdout: { write: () => {} },
      stderr: { write: (text) => void err.push(text) },
      loadEmitters: () => Promise.resolve(emitters),
      onInterrupt: () => {},
      ask: (question) => {
        asked.push(question);
        return Promise.resolve(answer);
      },
    });
    return { code, asked: asked.length, err: err.join("") };
  }

  beforeEach(() => {
    home.put("synckit.yaml", FIRST);
    home.run(["generate", "-q"]);
    home.put("synckit.yaml", LEAKING);
  });

  test("a yes lets the columns leave", async () => {
    expect(await ask("yes")).toMatchObject({
      code: 0,
      asked: 1,
      err: expect.stringContaining(`"notes.draft" would begin to leave the device`),
    });
    expect(home.read("src/sync/synckit.lock.json")).toContain(`"notes.draft local"`);
  });

  test.each(["no", "", "y", null])("%j does not", async (answer) => {
    expect(await ask(answer)).toMatchObject({ code: 3, asked: 1 });
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ["--no-input", ["--no-input"], {}],
    ["CI", [], { CI: "true" }],
    ["another format than text", ["--format", "json"], {}],
    ["a dry run", ["--dry-run"], {}],
  ])("nobody is asked with %s", async (_what, args, env) => {
    expect(await ask("yes", args, env)).toMatchObject({ code: 3, asked: 0 });
  });
});

describe("the page about diff", () => {
  const page = readFileSync(new URL("../docs/diff.md", import.meta.url), "utf8");
  const fence = (info: string): string => new RegExp(`^\`\`\`${info}\n(.*?)^\`\`\``, "msu").exec(page)?.[1] ?? "";

  test("shows what its example prints", () => {
    home.put("synckit.yaml", fence("yaml before"));
    expect(home.run(["generate", "-q"])).toMatchObject({ code: 0 });
    home.put("synckit.yaml", fence("yaml after"));

    expect(home.run(["diff"]).out).toBe(fence("text"));
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conflictLines } from "./conflict.ts";
import { canMerge, mergeSource, type Merged } from "./merge-source.ts";
import { parseSource, splitFile, syntaxErrorLine } from "./unit.ts";

const merge = (base: string, mine: string, theirs: string): Merged => {
  const result = mergeSource({ path: "commands.ts", base, mine, theirs });
  if (result.kind !== "merged") throw new Error(`unmergeable at line ${result.line}`);
  return result;
};

const BASE = `// Scaffolded.

import type { Sync } from "runtime";

/** Status. */
export const syncStatus = (sync: Sync) => sync.status();

/** One cycle. */
export const syncNow = (sync: Sync) => sync.syncNow();

export const commands = {
  sync_status: syncStatus,
  sync_now: syncNow,
} as const;
`;

describe("a file that was edited", () => {
  test("keeps functions, comments and imports of its own, and gets what is new", () => {
    const mine = BASE.replace("import type", `import { log } from "./log.js"; // ours\nimport type`)
      .replace("sync.syncNow();", "{\n  // Ours first.\n  log();\n  return sync.syncNow();\n};\n\nfunction helper() {\n  return 1;\n}")
      .replace("sync_now: syncNow,", "sync_now: syncNow,\n  helper,");
    const theirs = BASE.replace("{ Sync }", "{ Device, Sync }")
      .replace(
        "export const commands",
        "/** All of them. */\nexport const syncDevices = (sync: Sync): readonly Device[] => sync.devices();\n\nexport const commands",
      )
      .replace("sync_now: syncNow,", "sync_now: syncNow,\n  sync_devices: syncDevices,");

    const { text, added, conflicts } = merge(BASE, mine, theirs);

    expect(text).toBe(`// Scaffolded.

import { log } from "./log.js"; // ours
import type { Sync, Device } from "runtime";

/** Status. */
export const syncStatus = (sync: Sync) => sync.status();

/** One cycle. */
export const syncNow = (sync: Sync) => {
  // Ours first.
  log();
  return sync.syncNow();
};

/** All of them. */
export const syncDevices = (sync: Sync): readonly Device[] => sync.devices();

function helper() {
  return 1;
}

export const commands = {
  sync_status: syncStatus,
  sync_now: syncNow,
  sync_devices: syncDevices,
  helper,
} as const;
`);
    expect({ added, conflicts }).toEqual({ added: ["commands.sync_devices", "syncDevices"], conflicts: [] });
  });

  test("loses what the generator dropped, if nobody touched or uses it, and says so", () => {
    const mine = `${BASE}\nexport const mine = 1;\n`;
    const theirs = BASE.replace(/\/\*\* Status.*\n.*\n\n/u, "").replace("  sync_status: syncStatus,\n", "");

    const { text, removed, kept } = merge(BASE, mine, theirs);

    expect(text).toBe(`${theirs}\nexport const mine = 1;\n`);
    expect({ removed, kept }).toEqual({ removed: ["syncStatus"], kept: [] });
  });

  test.each([
    ["was edited", BASE.replace("sync.status()", "sync.status().pending")],
    ["got a comment", BASE.replace("/** Status. */", "/** Status. */\n// Shown in the tray.")],
    ["is used by code of one's own", `${BASE}\nexport const tray = (sync: Sync) => syncStatus(sync);\n`],
  ])("keeps what the generator dropped where it %s", (_, mine) => {
    const theirs = BASE.replace(/\/\*\* Status.*\n.*\n\n/u, "").replace("  sync_status: syncStatus,\n", "");

    const { text, kept } = merge(BASE, mine, theirs);

    expect(text).toContain("export const syncStatus");
    expect(kept).toEqual(["syncStatus"]);
  });

  test("stays deleted where a declaration was deleted by hand", () => {
    const mine = BASE.replace(/\/\*\* Status.*\n.*\n\n/u, "").replace("  sync_status: syncStatus,\n", "");
    const theirs = BASE.replace("sync.status()", "sync.status(1)").replace("One cycle.", "One cycle, now.");

    expect(merge(BASE, mine, theirs).text).toBe(mine.replace("One cycle.", "One cycle, now."));
  });
});

describe("a conflict", () => {
  const mine = BASE.replace("sync.syncNow();", "sync.syncNow().finally(beep);");
  const theirs = BASE.replace("sync.syncNow();", "sync.syncNow({\n    full: true, // all of it\n  });");

  test("is one declaration, mine, under a comment with theirs", () => {
    const { text, conflicts } = merge(BASE, mine, theirs);

    expect(conflicts).toEqual(["syncNow"]);
    expect(text).toContain(`
// synckit-gen conflict: \`syncNow\` was changed here and by the generator. Yours is below; the generator's is:
//   export const syncNow = (sync: Sync) => sync.syncNow({
//       full: true, // all of it
//     });
// synckit-gen: end of the generator's version. Take what you need, then delete this comment.
/** One cycle. */
export const syncNow = (sync: Sync) => sync.syncNow().finally(beep);
`);
    expect(conflictLines(text)).toEqual([8]);
  });

  test("is not repeated by another merge, and replaced by a newer one", () => {
    const first = merge(BASE, mine, theirs).text;
    const newer = theirs.replace("all of it", "everything");

    expect(merge(BASE, first, theirs).text).toBe(first);
    const second = merge(theirs, first, newer).text;
    expect(conflictLines(second)).toHaveLength(1);
    expect(second).toContain("everything");
    expect(second).not.toContain("all of it");
  });

  test("inside an object is about one member", () => {
    const { text, conflicts } = merge(
      BASE,
      BASE.replace("sync_now: syncNow", "sync_now: guarded(syncNow)"),
      BASE.replace("sync_now: syncNow", "sync_now: traced(syncNow)").replace("sync_status:", "sync_state:"),
    );

    expect(conflicts).toEqual(["commands.sync_now"]);
    expect(text).toContain("  //   sync_now: traced(syncNow)\n");
    expect(text).toContain("\n  sync_now: guarded(syncNow),\n");
    expect(text).toContain("sync_state: syncStatus");
  });

  test("arises where both add the same name with different meanings", () => {
    const { text, conflicts } = merge(
      BASE,
      `${BASE}\nfunction extra() {\n  return "mine";\n}\n`,
      `${BASE}\nexport const extra = "theirs";\n`,
    );

    expect(conflicts).toEqual(["extra"]);
    expect(text).toContain(`//   export const extra = "theirs";\n`);
    expect(text.match(/^(?:function|export const) extra/gmu)).toEqual(["function extra"]);
  });

  test("arises where an import brings a name that is taken", () => {
    const { text, conflicts } = merge(
      BASE,
      `${BASE}\ninterface Device {\n  id: string;\n}\n`,
      BASE.replace("{ Sync }", "{ Device, Sync }").replace("sync.status()", "sync.status() as Device"),
    );

    expect(conflicts).toEqual(["import Device"]);
    expect(text).toContain(`//   import type { Device } from "runtime";`);
  });
});

describe("imports", () => {
  const line = (text: string): string =>
    text
      .split("\n")
      .filter((candidate) => candidate.startsWith("import"))
      .join("\n");
  const file = (imports: string, body: string): string => `${imports}\n\n${body}\n`;

  test("of the generator stay while code of one's own uses them", () => {
    const base = file(`import { a, b } from "m";`, "export const x = a(b);");
    const mine = `${base}export const own = b;\nexport const other = 1;\n`;
    const theirs = file(`import { c } from "m";`, "export const x = c();");

    expect(line(merge(base, mine, theirs).text)).toBe(`import { b, c } from "m";`);
  });

  test("come when a type import was made a value import by hand", () => {
    const base = file(`import type { A } from "m";`, "export type X = A;");
    const mine = `${base.replace("import type", "import")}export const own = A;\n`;
    const theirs = file(`import type { A, B } from "m";`, "export type X = A | B;");

    expect(line(merge(base, mine, theirs).text)).toBe(`import { A, type B } from "m";`);
  });

  test("become value imports where either side needs the value", () => {
    const base = file(`import type { A } from "m";`, "export type X = A;");
    const mine = `${base}export type Own = A;\n`;
    const theirs = file(`import { A } from "m";`, "export const X = A;");

    expect(line(merge(base, mine, theirs).text)).toBe(`import { A } from "m";`);
  });

  test("follow a module that moved", () => {
    const base = file(`import { a } from "./old.js";`, "export const x = a;");
    const mine = `${base}// mine\nexport const own = a;\n`;

    expect(line(merge(base, mine, base.replace("old", "new")).text)).toBe(`import { a } from "./new.js";`);
  });

  test("for their effect come and go with the generator", () => {
    const base = file(`import "./old.js";`, "export const x = 1;");
    const mine = `${base}export const own = 2;\n`;

    expect(line(merge(base, mine, base.replace("old", "new")).text)).toBe(`import "./new.js";`);
  });

  test("keep the comment of one that went", () => {
    const base = file(`import { a } from "./a.js";`, "export const x = a;");
    const mine = `${base.replace("import", "// ours: why a\nimport")}export const own = 2;\n`;

    expect(merge(base, mine, file("", "export const x = 1;")).text).toContain("// ours: why a\n");
  });
});

test("layout does not count: a formatter's work is no edit", () => {
  const formatted = BASE.replaceAll('"', "'")
    .replaceAll(";", "")
    .replace("  sync_now: syncNow,\n", "  sync_now: syncNow\n")
    .replaceAll("  ", "\t");
  const theirs = BASE.replace("sync.syncNow();", "sync.syncNow(2);");

  const { text, conflicts } = merge(BASE, formatted, theirs);

  expect(conflicts).toEqual([]);
  expect(text).toContain("sync.syncNow(2)");
  expect(text).toContain("sync.status()\n");
});

describe("the first lines", () => {
  const base = "/** One. */\nexport const one = 1;\n";
  const theirs = "// Made for you.\n\n/** One. */\nexport const one = 1;\nexport const two = 2;\n";

  test("of the generator stay apart from a statement that was put first", () => {
    expect(merge(base, `const own = 0;\n${base}`, theirs).text).toBe(
      "// Made for you.\n\nconst own = 0;\n/** One. */\nexport const one = 1;\nexport const two = 2;\n",
    );
  });

  test("of a statement that does not come first any more begin a line", () => {
    const mine = "// Of my own.\nconst own = 0;\nexport const two = 2;\n";

    expect(merge("export const two = 2;\n", mine, "export const one = 1;\nexport const two = 2;\n").text).toContain(
      "\n// Of my own.\nconst own = 0;\n",
    );
  });

  test("name the interpreter, whoever has put them there", () => {
    const command = "#!/usr/bin/env node\n";

    expect(merge(base, `${command}import { a } from "a";\nexport default a;\n${base}`, theirs).text).toMatch(
      /^#!\/usr\/bin\/env node\n\/\/ Made for you\./,
    );
    expect(merge(base, base.replace("1", "0"), command + theirs).text).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(merge(command + base, base.replace("1", "0"), command + theirs).text).not.toContain("#!");
  });
});

test("lines end as those of the edited file do", () => {
  const [base, theirs] = ["// Head.\n\nexport const one = 1;\n", "// New head.\n\nexport const one = 1;\nexport const two = 2;\n"];

  expect(merge(base, "// Head.\r\n\r\nexport const one = 0;\r\n", theirs).text).toBe(
    "// New head.\r\n\r\nexport const one = 0;\r\nexport const two = 2;\r\n",
  );
});

test("members of interfaces, classes and enums are merged one by one", () => {
  const base = "interface A {\n  a: string;\n}\n\nclass B {\n  one() {}\n}\n\nenum C { x, y }\n";
  const mine = "interface A {\n  a: string;\n  mine: 1\n}\n\nclass B {\n  one() {}\n  mine = 1\n}\n\nenum C { x, y, mine }\n";
  const theirs = "interface A {\n  a: string;\n  theirs: 2;\n}\n\nclass B {\n  one() {}\n  ['theirs'] = 2;\n}\n\nenum C { x, theirs, y }\n";

  const { text, conflicts } = merge(base, mine, theirs);

  expect(conflicts).toEqual([]);
  expect(text).toBe(
    "interface A {\n  a: string;\n  theirs: 2;\n  mine: 1\n}\n\nclass B {\n  one() {}\n  ['theirs'] = 2;\n  mine = 1\n}\n\nenum C { x, theirs, y, mine }\n",
  );
});

test("tests are known by their names", () => {
  const base = `test("one", () => {});\n\ntest("two", () => {});\n`;
  const mine = base.replace(`"one", () => {}`, `"one", () => {\n  mine();\n}`);
  const theirs = base.replace(`test("two", () => {});`, `test("two", () => {\n  theirs();\n});\n\ntest("three", () => {});`);

  expect(merge(base, mine, theirs).text).toBe(
    `test("one", () => {\n  mine();\n});\n\ntest("two", () => {\n  theirs();\n});\n\ntest("three", () => {});\n`,
  );
});

test("the example of docs/hand-edits.md is true", () => {
  const page = readFileSync(new URL("../../../docs/hand-edits.md", import.meta.url), "utf8");
  const block = (name: string): string => new RegExp(`^\`\`\`ts ${name}\\n(.*?)^\`\`\``, "msu").exec(page)?.[1] ?? "";

  expect(merge(block("base"), block("mine"), block("theirs")).text).toBe(block("merged"));
});

test("a file that does not parse is left alone, and the line is named", () => {
  expect(mergeSource({ path: "a.ts", base: "const a = 1;\n", mine: "const a = 2;\nconst = 3;\n", theirs: "const a = 4;\n" })).toEqual({
    kind: "unmergeable",
    line: 2,
  });
});

test("only TypeScript and JavaScript can be merged", () => {
  expect(["a.ts", "a.tsx", "b/c.mjs", "a.yaml", "README.md", "a.json"].map(canMerge)).toEqual([true, true, true, false, false, false]);
});

const RUNS = 200;

// Random files: declarations of every kind, with comments, in any order.

interface Declaration {
  readonly name: string;
  readonly kind: "function" | "const" | "interface" | "object" | "class" | "arrow";
  readonly version: number;
  readonly members: readonly (readonly [name: string, version: number])[];
  readonly comment: string;
}

const members = fc.uniqueArray(fc.tuple(fc.constantFrom("m0", "m1", "m2", "m3"), fc.nat(2)), { selector: ([name]) => name, maxLength: 4 });
const declaration = fc.record<Declaration>({
  name: fc.constantFrom("d0", "d1", "d2", "d3", "d4", "d5"),
  kind: fc.constantFrom("function", "const", "interface", "object", "class", "arrow"),
  version: fc.nat(2),
  members,
  comment: fc.constantFrom("", "// note one\n", "/** doc two */\n", "/* three */ "),
});
const file = fc.uniqueArray(declaration, { selector: ({ name }) => name, maxLength: 6 });

/** One side's edits of a file: declarations changed, dropped, moved and added. */
const edits = fc.record({
  drop: fc.subarray([0, 1, 2, 3, 4, 5]),
  change: fc.array(fc.tuple(fc.nat(5), declaration), { maxLength: 3 }),
  add: fc.array(declaration, { maxLength: 3 }),
  isTight: fc.boolean(),
});

function edited(
  base: readonly Declaration[],
  { drop, change, add }: { drop: readonly number[]; change: readonly (readonly [number, Declaration])[]; add: readonly Declaration[] },
) {
  const changed = base.map((own, index) => {
    const other = change.find(([at]) => at === index)?.[1];
    return other === undefined ? own : { ...other, name: own.name };
  });
  const staying = changed.filter((_, index) => !drop.includes(index));
  const names = new Set(staying.map(({ name }) => name));
  return [...staying, ...add.filter(({ name }) => !names.has(name) && names.add(name))];
}

const print = (declarations: readonly Declaration[], isTight = false): string =>
  `// head\n\n${declarations.map((one) => one.comment + printOne(one, isTight)).join(isTight ? "\n" : "\n\n")}\n`;

function printOne({ name, kind, version, members: list }: Declaration, isTight: boolean): string {
  const [gap, semi] = isTight ? [" ", ""] : ["\n  ", ";"];
  const inside = (each: (member: string, value: number) => string, separator: string): string =>
    list.map(([member, value]) => `${gap}${each(member, value)}`).join(separator) + (isTight ? " " : "\n");
  if (kind === "function") return `export function ${name}() {${gap}return "${version}"; // in ${name}\n}`;
  if (kind === "const") return `export const ${name} = ${version}${semi}`;
  if (kind === "arrow") return `export const ${name} = () => \`${version}\n\n\n\${[1].map((x) => x)}\`${semi}`;
  if (kind === "interface") return `interface ${name} {${inside((member, value) => `${member}: ${value}`, ";")}}`;
  if (kind === "class") return `class ${name} {${inside((member, value) => `${member} = ${value};`, "")}}`;
  return `export const ${name} = {${inside((member, value) => `${member}: ${value}`, ",")}} as const${semi}`;
}

/** What each declaration of a text says, by its key. */
const notes = (text: string): ReadonlyMap<string, string> =>
  new Map(splitFile(parseSource("a.ts", text)).units.map(({ key, codeNote }) => [key, codeNote]));

describe("whatever both sides did", () => {
  const anyMerge = fc.tuple(file, edits, edits).map(([base, left, right]) => ({
    base: print(base),
    mine: print(edited(base, left), left.isTight),
    theirs: print(edited(base, right), right.isTight),
  }));

  test("the result parses, and no declaration of the user is lost or said twice", () => {
    fc.assert(
      fc.property(anyMerge, ({ base, mine, theirs }) => {
        const { text } = merge(base, mine, theirs);
        expect(syntaxErrorLine("a.ts", text)).toBeNull();

        const [inBase, inMine, inTheirs, result] = [base, mine, theirs, text].map(notes) as [Notes, Notes, Notes, Notes];
        for (const [key, note] of inMine) {
          const isOwn = note !== inBase.get(key);
          if (isOwn && inBase.has(key) && inTheirs.has(key) && inTheirs.get(key) !== inBase.get(key)) expect(result.has(key)).toBe(true);
          else if (isOwn) expect(result.get(key)).toBe(note);
          const membersIn = (said = ""): readonly string[] => said.match(/m\d [:=] \d/gu) ?? [];
          const ownMembers = membersIn(note).filter((member) => !membersIn(inBase.get(key)).includes(member));
          if (isOwn) expect(membersIn(result.get(key))).toEqual(expect.arrayContaining([...ownMembers]));
        }
        for (const [key, note] of inTheirs) {
          const isTaken = [...inMine.keys()].includes(key) || inBase.has(key);
          if (!isTaken) expect(result.get(key)).toBe(note);
          else if (inMine.get(key) === inBase.get(key) && inMine.has(key)) expect(result.get(key)).toBe(note);
        }
        const keys = splitFile(parseSource("a.ts", text)).units.map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: RUNS },
    );
  });

  test("merging again changes nothing", () => {
    fc.assert(
      fc.property(anyMerge, ({ base, mine, theirs }) => {
        const once = merge(base, mine, theirs).text;
        expect(merge(base, once, theirs).text).toBe(once);
        expect(merge(theirs, once, theirs).text).toBe(once);
      }),
      { numRuns: RUNS },
    );
  });

  test("a side that did nothing has no say", () => {
    fc.assert(
      fc.property(anyMerge, ({ base, mine, theirs }) => {
        expect(merge(base, base, theirs).text).toBe(theirs);
        expect(merge(base, mine, base).text).toBe(mine);
      }),
      { numRuns: 100 },
    );
  });
});

type Notes = ReadonlyMap<string, string>;

/** Whatever a user adds to a scaffold, of whatever syntax and wherever it parses, is there once after each of the generator's next versions. */
import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeSource } from "./merge-source.ts";
import { syntaxErrorLine } from "./unit.ts";

const root = resolve(import.meta.dirname, "../../..");
const PATTERNS = ["tests/golden/*/expected/{commands,apply,sync,tables,order}.ts", "templates/scaffolds/**/*.ts", "examples/*/src/*.ts"];
const LONGEST = 2200; // parsing is what takes the time

/** Texts of one file, as the generator writes it for one schema or another. */
const families: readonly (readonly string[])[] = (() => {
  const found = new Map<string, Set<string>>();
  for (const path of globSync(PATTERNS, { cwd: root }).toSorted()) {
    const text = readFileSync(resolve(root, path), "utf8");
    const name = path.startsWith("tests/golden") ? basename(path) : path;
    if (text.length <= LONGEST) found.set(name, (found.get(name) ?? new Set()).add(text));
  }
  return [...found.values()].map((texts) => [...texts]);
})();

/** What may be written somewhere in a file; each where it parses. */
const ADDITIONS: readonly ((name: string) => string)[] = [
  ...["// $", "/* $ */", "/** $ */", "#!/usr/bin/env $", '"use strict"; // $', '/// <reference types="$" />', "// @ts-expect-error $"],
  ...[
    "const $ = 1;",
    "let $",
    "export const $ = () => {};",
    "var $ = 1, other = 2;",
    "const { $, b: [c] } = d;",
    "const [a = 1, ...$] = e;",
  ],
  ...[
    'import { $ } from "x";',
    'import type { $ } from "./apply.ts";',
    'import * as $ from "y";',
    'import $ from "./z.js";',
    'import "./$.css";',
  ],
  ...['import $, { type Sync } from "@synckit-gen/runtime";', 'import $ = require("r");', "export default $;", "export = $;"],
  ...['export { a as $ } from "b";', 'export * from "./$.ts";', 'export * as $ from "q";', "export as namespace $;"],
  ...["if (globalThis.$) { run(); }", "$();", "await $;", '"$";', "label: for (;;) { break label; } // $", '  throw new Error("$");'],
  ...[
    "enum $ { A, B }",
    "export namespace $ { export const x = 1; }",
    'declare module "$" { const a: 1; }',
    "export async function* $() {}",
  ],
  ...["abstract class $<T> extends Base<T> { static #a = 1; get b() { return 1; } abstract m(): void; static {} }", "@d\nclass $ {}"],
  ...[
    "type $ = { [K in keyof X]: X[K] };",
    "interface $ { (a: 1): 2; new (): 3; [k: string]: 4 }",
    "declare global { interface Window { $: 1 } }",
  ],
  ...["const a = `$ ${1 + 1}\n  // no comment ${'}'}\n`;", 'const a = /[/*$]"\\/ /u;', "function a(a: string): void;\nfunction a() { $; }"],
  ...["  $,", "  $: 1,", "  async $() {},", "  ...$,", "  get $() { return 1; },", "  [$]: 1,", '  "$-x": 1,', "  readonly $?: string;"],
].map((text) => (name) => text.replaceAll(/\$(?!\{)/gu, name));

const cut = fc.record({ at: fc.nat(400), count: fc.integer({ min: 1, max: 6 }) });
const addition = fc.record({ at: fc.nat(400), what: fc.nat(ADDITIONS.length - 1) });
const parses = (text: string): boolean => syntaxErrorLine("a.ts", text) === null;

/** Without some of its lines, where that is still a program. */
const withoutLines = (text: string, cuts: readonly { readonly at: number; readonly count: number }[]): string =>
  cuts.reduce((now, { at, count }) => {
    const lines = now.split("\n");
    const next = lines.toSpliced(at % lines.length, count).join("\n");
    return parses(next) ? next : now;
  }, text);

const timesIn = (text: string, name: string): number => text.split(name).length - 1;

test("what a user adds to a scaffold stays through every new version of it, once", () => {
  const version = fc.tuple(fc.nat(), fc.array(cut, { maxLength: 2 }));
  const edits = fc.record({ cuts: fc.array(cut, { maxLength: 2 }), additions: fc.array(addition, { minLength: 1, maxLength: 5 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...families),
      fc.nat(),
      edits,
      fc.array(version, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (...drawn) => {
        const [family, first, { cuts, additions }, versions, isCrlf] = drawn;
        const textOf = (place: number): string => family[place % family.length] ?? "";
        const added: string[] = [];
        let mine = withoutLines(textOf(first), cuts);
        for (const [index, { at, what }] of additions.entries()) {
          const lines = mine.split("\n");
          const name = `user_${index}_`;
          const text = ADDITIONS[what]?.(name) ?? "";
          const next = lines.toSpliced(at % (lines.length + 1), 0, text).join("\n");
          if (!parses(next)) continue;
          mine = next;
          added.push(name);
        }
        if (isCrlf) mine = mine.replaceAll("\n", "\r\n");

        let base = textOf(first);
        for (const [place, cutsOfTheirs] of versions) {
          const theirs = withoutLines(textOf(place), cutsOfTheirs);
          const merged = mergeSource({ path: "a.ts", base, mine, theirs });
          if (merged.kind === "unmergeable") throw new Error(`line ${merged.line} cannot be read`);
          expect(parses(merged.text)).toBe(true);
          const [before, after] = [mine, merged.text].map((text) => added.map((name) => [name, timesIn(text, name)]));
          expect(after, `${mine}\n--- and\n${theirs}\n--- give\n${merged.text}`).toEqual(before);
          if (isCrlf) expect(merged.text).not.toMatch(/(?<!\r)\n/u);
          [base, mine] = [theirs, merged.text];
        }
      },
    ),
    { numRuns: 60 },
  );
});

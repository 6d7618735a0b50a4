/** Documents against what they speak of: links lead somewhere, scripts and commands exist, schemas are valid, code compiles. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { emitters, generate } from "synckit-gen";
import { expect, test } from "vitest";
import { allOptions, type CommandShape } from "../generator/src/cli/usage-tree.ts";
import { usageTree } from "../generator/src/cli/usage.ts";
import { compileErrors } from "./support/compile-generated.ts";
import { readManifest, readText, repositoryFiles, repositoryRoot } from "./support/workspace.ts";

const documents = repositoryFiles().filter((path) => /^(?:[^/]+|docs\/.+|generator\/diagnostics\/.+)\.md$/.test(path));

/** Text without code blocks: what stands in those is no link. */
const prose = (text: string): string => text.replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1$/gm, "");

/** A heading's anchor, as code hosts make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

const anchorsIn = (path: string): readonly string[] =>
  [...prose(readText(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ""));

/** Links of a document that lead nowhere. */
function deadLinks(path: string, text = readText(path)): readonly string[] {
  const links = [...prose(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link ?? "").filter((link) => !/^[a-z]+:/.test(link));
  return links.filter((link) => {
    const [file = "", anchor] = link.split("#", 2);
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(repositoryRoot, target))) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsIn(target).includes(anchor);
  });
}

test("every link of a document leads somewhere", () => {
  expect(documents.flatMap((path) => deadLinks(path).map((link) => `${path}: ${link}`))).toEqual([]);
});

test("a link to a missing file or heading is found", () => {
  const text = "[a](no-such.md) [b](LICENSE) [c](#nowhere) [d](https://example.com/x)\n\n```text\n[e](no-such-either.md)\n```\n";

  expect(deadLinks("CONTRIBUTING.md", text)).toEqual(["no-such.md", "#nowhere"]);
});

test("every `npm run` in a document names a script", () => {
  const scripts = readManifest(".").scripts ?? {};
  const named = documents.flatMap((path) =>
    [...readText(path).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name = ""]) => `${path}: ${name}`),
  );

  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((line) => scripts[line.slice(line.indexOf(": ") + 2)] === undefined)).toEqual([]);
});

test("each hazard from H00 to H29 has a test by its number", () => {
  const tests = repositoryFiles().filter((path) => /^tests\/[^/]+\.test\.ts$/.test(path));
  const held = new Set(tests.flatMap((path) => [...readText(path).matchAll(/["`](H\d\d): /g)].map(([, id]) => id)));

  expect(held).toEqual(new Set(Array.from({ length: 30 }, (_, n) => `H${String(n).padStart(2, "0")}`)));
});

/** Lines that a reader copies into a shell, of blocks marked `sh`; a line that ends with a backslash goes on. */
const shellLines = documents.flatMap((path) =>
  [...readText(path).matchAll(/^[ ]*```sh\n([\s\S]*?)^[ ]*```/gm)].flatMap(([, block = ""]) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => ({ path, line: line.replace(/\s+#\s.*$/, "").trim() })),
  ),
);

/** The words after a program's name in these lines. */
const callsOf = (program: string): readonly { readonly path: string; readonly words: readonly string[] }[] =>
  shellLines.flatMap(({ path, line }) =>
    [...line.matchAll(new RegExp(`(?:^|[\\s(])${program} ([^|>)]*)`, "g"))].map(([, words = ""]) => ({
      path,
      words: words.trim().split(/\s+/),
    })),
  );

const optionsIn = (words: readonly string[]): readonly string[] =>
  words.filter((word) => word.startsWith("-")).map((word) => word.replace(/=.*$/, ""));

test("every command of synckit-gen in a document exists, with its options", () => {
  const calls = callsOf("synckit-gen");
  const wrong = calls.flatMap(({ path, words }) => {
    let command: CommandShape = usageTree();
    for (const word of words) command = command.commands.find(({ names }) => names.includes(word)) ?? command;
    const known = new Set(["--help", "--version"]);
    for (const [name, { alias }] of allOptions(command)) {
      known.add(`--${name}`).add(`--no-${name}`);
      if (alias !== undefined) known.add(`-${alias}`);
    }
    const isCommand = command.names.length > 0 || words[0]?.startsWith("-") || words[0]?.startsWith("<");
    const unknown = optionsIn(words).filter((option) => !known.has(option));
    return isCommand === true && unknown.length === 0 ? [] : [`${path}: synckit-gen ${words.join(" ")}`];
  });

  expect(calls.length).toBeGreaterThan(40);
  expect(wrong).toEqual([]);
});

test("every command of synckit-server in a document exists, with its options", () => {
  const bin = join(repositoryRoot, "server/bin/synckit-server.js");
  const calls = callsOf("synckit-server").filter(({ words: [first = ""] }) => !/^server\/|^$/.test(first));
  const helps = new Map<string, string>();
  const wrong = calls.flatMap(({ path, words }) => {
    const command = words.slice(0, words.findIndex((word) => !/^[a-z]+$/.test(word)) >>> 0).join(" ");
    if (!helps.has(command)) {
      const asked = spawnSync(process.execPath, [bin, ...command.split(" ").filter((word) => word !== ""), "--help"], { encoding: "utf8" });
      helps.set(command, asked.status === 0 ? asked.stdout : "");
    }
    const help = helps.get(command) as string;
    const isKnown = help !== "" && optionsIn(words).every((option) => help.includes(option.replace("--no-", "--")));
    return isKnown ? [] : [`${path}: synckit-server ${words.join(" ")}`];
  });

  expect(calls.length).toBeGreaterThan(8);
  expect(wrong).toEqual([]);
}, 60_000);

test("every whole schema in a document is one without findings", () => {
  const schemas = documents.flatMap((path) =>
    [...readText(path).matchAll(/^( *)```yaml[^\n]*\n([\s\S]*?)^ *```$/gm)]
      .map(([, indent = "", text = ""]) => ({ path, text: text.replaceAll(new RegExp(`^${indent}`, "gm"), "") }))
      .filter(({ text }) => /^synckit: 1$/m.test(text)),
  );
  const findings = schemas.flatMap(({ path, text }) => {
    const made = generate({ file: path, text }, emitters);
    return made.ok ? [] : made.diagnostics.map(({ code, message }) => `${path}: ${code}: ${message}`);
  });

  expect(schemas.length).toBeGreaterThan(8);
  expect(findings).toEqual([]);
});

/** The TypeScript blocks of a document, each a module. Blocks that are no code say `text`. */
const blocksOf = (path: string): readonly string[] =>
  [...readText(path).matchAll(/^```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");

/** Read by people, not run: what a block declares need not be used in it. */
const isUnused = (error: string): boolean => /error TS(?:6133|6192|6196|6198):/.test(error);

test("every TypeScript block of the README and the docs compiles", () => {
  const files = new Map<string, string>();
  for (const path of documents.filter((document) => !document.startsWith("generator/"))) {
    const folder = basename(path, ".md");
    const blocks = blocksOf(path);
    for (const [index, code] of blocks.entries()) files.set(`${folder}/block-${index + 1}.ts`, `${code}\nexport {};\n`);
    // Blocks speak of the quickstart's generated code as `./sync/…`.
    if (blocks.some((code) => code.includes(`"./sync/`)))
      for (const file of globSync("examples/quickstart/sync/**/*.ts", { cwd: repositoryRoot }))
        files.set(`${folder}/sync/${file.slice("examples/quickstart/sync/".length)}`, readText(file));
  }

  expect(compileErrors(files.set("always.ts", "export {};\n")).filter((error) => !isUnused(error))).toEqual([]);
});

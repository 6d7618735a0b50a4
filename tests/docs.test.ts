/** Documents against what they speak of: links lead somewhere, scripts exist, code compiles. */
import { existsSync, globSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
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

  expect([...held].toSorted()).toEqual(Array.from({ length: 30 }, (_, n) => `H${String(n).padStart(2, "0")}`));
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

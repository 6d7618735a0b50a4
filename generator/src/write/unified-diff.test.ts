import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { unifiedDiff } from "./unified-diff.ts";

test("shows what changed with three lines around it, and where", () => {
  const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].join("\n");

  expect(unifiedDiff("x.txt", `${before}\n`, `${before.replace("e", "E")}\n`)).toBe(
    "--- a/x.txt\n+++ b/x.txt\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n",
  );
});

test("changes that are far apart are hunks of their own", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}\n`);

  const diff = unifiedDiff("x", lines.join(""), lines.with(2, "two\n").with(30, "thirty\n").join(""));

  expect(diff.match(/^@@ .*$/gmu)).toEqual(["@@ -1,6 +1,6 @@", "@@ -28,7 +28,7 @@"]);
});

test("a new and a removed file have nothing on the other side", () => {
  expect(unifiedDiff("x", null, "a\n")).toBe("--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
  expect(unifiedDiff("x", "a\n", null)).toBe("--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
});

test("equal texts have no difference", () => {
  expect(unifiedDiff("x", "a\n", "a\n")).toBe("");
});

test("texts that differ everywhere are shown whole, soon", () => {
  const side = (letter: string): string => Array.from({ length: 20_000 }, (_, index) => `${letter}${index}\n`).join("");

  expect(unifiedDiff("x", side("a"), side("b")).split("\n")).toHaveLength(40_004);
});

test("git applies whatever it prints", () => {
  const folder = mkdtempSync(join(tmpdir(), "synckit-diff-"));
  const text = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n"), { maxLength: 25 }).map((lines) => lines.join(""));
  try {
    fc.assert(
      fc.property(text, text, fc.boolean(), (before, after, isCut) => {
        const to = isCut ? after.replace(/\n$/u, "") : after;
        if (before === to) return;
        writeFileSync(join(folder, "x"), before);
        const applied = spawnSync("git", ["apply", "--whitespace=nowarn", "-"], {
          cwd: folder,
          input: unifiedDiff("x", before, to),
          encoding: "utf8",
        });

        expect(applied.stderr).toBe("");
        expect(readFileSync(join(folder, "x"), "utf8")).toBe(to);
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

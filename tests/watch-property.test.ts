/** Whatever is edited while watching, the result of each run is that of a whole one: texts, findings, migrations and lock, byte for byte. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { emitters } from "@synckit-gen/templates";
import { expect, test } from "vitest";
import { NO_HISTORY } from "../generator/src/evolve/history.ts";
import type { History } from "../generator/src/evolve/history.ts";
import { generate, GenerateMemory } from "../generator/src/generate.ts";
import { ProjectMemory } from "../generator/src/project/project-memory.ts";
import { runProject } from "../generator/src/project/run-project.ts";
import { formatLock, hashText, lockOf, parseLock } from "../generator/src/write/lock.ts";
import { EDITED_TEXT, editedTexts } from "./support/edited-texts.ts";

const RUNS = 120;
const PROJECT_RUNS = 12;

/** The history after a first run, read back as a lock gives it. */
function firstHistory(): History {
  const first = generate({ file: "s.yaml", text: EDITED_TEXT }, emitters, { history: NO_HISTORY });
  if (!first.ok || first.value.history === undefined) throw new Error("the schema that is edited is broken from the start");
  const model = JSON.parse(JSON.stringify(first.value.model)) as typeof first.value.model;
  const textOf = (path: string): string => first.value.files.find((file) => file.path === path)?.text ?? "";
  return {
    ...first.value.history,
    model,
    texts: new Map([["0001_init", textOf("migrations/0001_init.sql")]]),
    snapshots: new Map([["0001_init", textOf("migrations/models/0001_init.json")]]),
  };
}

test("generating with a memory gives what generating without one gives, whatever came before", () => {
  const start = firstHistory();
  let [whole, broken] = [0, 0];
  fc.assert(
    fc.property(editedTexts, fc.constantFrom(NO_HISTORY, start), (texts, history) => {
      const memory = new GenerateMemory();
      for (const text of texts) {
        const source = { file: "s.yaml", text };
        const kept = generate(source, emitters, { history, memory });
        // Nothing may be left in the objects of one run that changes the next.
        const cold = generate(source, emitters, { history: structuredClone(history) });
        expect(kept).toEqual(cold);
        if (cold.ok) whole++;
        else broken++;
      }
    }),
    { numRuns: RUNS },
  );
  expect(whole).toBeGreaterThan(RUNS);
  expect(broken).toBeGreaterThan(RUNS);
});

const filesIn = (folder: string): ReadonlyMap<string, string> => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => [
      join(entry.parentPath, entry.name).slice(folder.length),
      readFileSync(join(entry.parentPath, entry.name), "utf8"),
    ]),
  );
};

test("a folder that is kept current with a memory holds what one without holds, and the findings are the same", async () => {
  await fc.assert(
    fc.asyncProperty(editedTexts, async (texts) => {
      const homes = [0, 1].map(() => mkdtempSync(join(tmpdir(), "synckit-watch-")));
      const memory = new ProjectMemory();
      try {
        for (const text of texts) {
          const outcomes = [];
          for (const [index, cwd] of homes.entries()) {
            writeFileSync(join(cwd, "synckit.yaml"), text);
            const options = {
              cwd,
              schema: "synckit.yaml",
              out: undefined,
              mode: "write",
              isForced: false,
              isFull: true,
              showsDiff: false,
            } as const;
            const more = { importSuffix: undefined, emitters: undefined, loadEmitters: () => Promise.resolve(emitters) };
            // oxlint-disable-next-line no-await-in-loop -- each run meets what the one before has left
            const { diagnostics, drift, undecided } = await runProject({ ...options, ...more, ...(index === 0 ? { memory } : {}) });
            outcomes.push({ diagnostics, drift, undecided });
          }
          expect(outcomes[0]).toEqual(outcomes[1]);
          expect(filesIn(homes[0] ?? "")).toEqual(filesIn(homes[1] ?? ""));
        }
      } finally {
        for (const home of homes) rmSync(home, { recursive: true });
      }
    }),
    { numRuns: PROJECT_RUNS },
  );
});

test("what a lock is known to hold when it is written is what reading it gives", () => {
  const generated = generate({ file: "s.yaml", text: EDITED_TEXT }, emitters, { history: NO_HISTORY });
  if (!generated.ok || generated.value.history === undefined) throw new Error("the schema is broken");
  const inputs = {
    schemaSha256: hashText("a"),
    options: { importSuffix: ".js" },
    emitters: [],
    version: "1",
    scaffolds: ["b", "a"],
    warnings: 1,
  };
  const content = { ...generated.value, inputs, history: generated.value.history };

  expect(parseLock(formatLock(content))).toEqual({ ok: true, lock: lockOf(content) });
});

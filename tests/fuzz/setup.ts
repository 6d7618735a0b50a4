/**
 * Before every test file: properties draw the same cases at every run, so that a test which fails does so for what was changed.
 * `npm run fuzz` gives other seeds and more cases. Files without properties do not load fast-check for it.
 */
import { relative, resolve } from "node:path";
import type { IRawProperty, Parameters } from "fast-check";
import { expect, vi } from "vitest";
import { replayCommand, runsFactor, seed } from "./seed.ts";

const DEFAULT_RUNS = 100; // fast-check's own

vi.mock("fast-check", async (importOriginal) => {
  const original = await importOriginal<typeof import("fast-check")>();
  const { configureGlobal, defaultReportMessage, installGlobalPlugin } = original.default;
  configureGlobal({ seed });
  installGlobalPlugin(() => ({
    onAllRunsComplete(details) {
      if (!details.failed) return;
      const file = relative(resolve(import.meta.dirname, "../.."), expect.getState().testPath ?? "");
      const message = `${defaultReportMessage(details)}\n\nReplay: ${replayCommand({ seed, runsFactor }, [file])}`;
      throw new Error(message, { cause: details.errorInstance });
    },
  }));
  const assert = (<Ts>(property: IRawProperty<Ts>, { numRuns = DEFAULT_RUNS, ...parameters }: Parameters<Ts> = {}) =>
    original.assert(property, { ...parameters, numRuns: Math.ceil(numRuns * runsFactor) })) as typeof original.assert;
  return { ...original, assert, default: { ...original.default, assert } };
});

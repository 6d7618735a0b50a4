import { expect, test } from "vitest";
import { createLogger, type LogLevel } from "./create-logger.ts";

const asked = { id: "r1", method: "POST", path: "/api/sync/push" };

function linesAt(level: LogLevel, isJson: boolean): readonly string[] {
  const lines: string[] = [];
  const logger = createLogger({ level, isJson, write: (line) => void lines.push(line) });
  logger({ kind: "request", ...asked, status: 200, ms: 1.64 });
  logger({ kind: "request", ...asked, status: 503, ms: 2 });
  logger({ kind: "failure", ...asked, error: new Error("away", { cause: new Error("refused") }) });
  return lines;
}

test("a person reads one line a request, and why one failed", () => {
  const [ok, failed, why] = linesAt("info", false);

  expect([ok, failed]).toEqual(["POST /api/sync/push 200 1.6 ms\n", "POST /api/sync/push 503 2.0 ms\n"]);
  expect(why).toMatch(/^POST \/api\/sync\/push failed \(request r1\): Error: away\n[^]*caused by Error: refused\n/);
});

test("a program reads JSON with level, time and the request's id", () => {
  const [ok, failed, why] = linesAt("info", true).map((line) => JSON.parse(line) as Record<string, unknown>);

  expect(ok).toEqual({ level: "info", time: expect.any(String), kind: "request", ...asked, status: 200, ms: 1.6 });
  expect(new Date(String(ok?.["time"])).toISOString()).toBe(ok?.["time"]);
  expect(failed).toMatchObject({ level: "warn", status: 503 });
  expect(why).toMatchObject({ level: "error", kind: "failure", error: expect.stringContaining("caused by Error: refused") });
});

test.each([
  ["info", 3],
  ["warn", 2],
  ["error", 1],
  ["silent", 0],
] as const)("%s: %i lines", (level, count) => {
  for (const isJson of [false, true]) expect(linesAt(level, isJson)).toHaveLength(count);
});

import { readdirSync } from "node:fs";
import { DIAGNOSTIC_CODES } from "@synckit-gen/schemas/diagnostics";
import { describe, expect, test } from "vitest";
import { readModel } from "../generate.ts";
import { loadPage, pageName } from "./load-page.ts";

/** The YAML of a page under its headings `Wrong:` and `Right:`; those without an app get one. */
function example(page: string, heading: "Wrong" | "Right"): string | undefined {
  const yaml = new RegExp(`^${heading}:\\n\\n\`\`\`yaml\\n(.*?)^\`\`\``, "msu").exec(page)?.[1];
  return yaml === undefined || /^(?:app|synckit):/mu.test(yaml) ? yaml : `synckit: 1\napp: demo\n${yaml}`;
}

const codesOf = (text: string): readonly string[] => readModel({ file: "schema.yaml", text }).diagnostics.map(({ code }) => code);

test("there is a page for every code and none besides", () => {
  const pages = readdirSync(new URL("../../diagnostics/", import.meta.url));

  expect(pages.toSorted()).toEqual(DIAGNOSTIC_CODES.map(pageName).toSorted());
});

describe.each(DIAGNOSTIC_CODES)("the page of %s", (code) => {
  test("is headed by the code and says what and why", () => {
    expect(loadPage(code)).toMatch(new RegExp(`^# ${code}\\n\\n[A-Z\`].+\\.\\n\\n.+\\n`, "u"));
  });

  test("shows a wrong schema that causes it, and a right one without any finding", () => {
    const [wrong, right] = [example(loadPage(code), "Wrong"), example(loadPage(code), "Right")];
    // What is about files rather than about a schema cannot be shown in YAML.
    if (/^(?:schema|output|database|doctor|emitter|egress|against|breaking|migration)\//u.test(code)) return;

    expect(codesOf(wrong ?? "")).toContain(code);
    expect(codesOf(right ?? "")).toEqual([]);
  });
});

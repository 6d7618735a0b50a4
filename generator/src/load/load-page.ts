/** The page of a diagnostic code, as it ships with this package. */
import { readFileSync } from "node:fs";
import type { DiagnosticCode } from "@synckit-gen/schemas/diagnostics";

export const pageName = (code: DiagnosticCode): string => `${code.replace("/", "-")}.md`;

export const loadPage = (code: DiagnosticCode): string =>
  readFileSync(new URL(`../../diagnostics/${pageName(code)}`, import.meta.url), "utf8");

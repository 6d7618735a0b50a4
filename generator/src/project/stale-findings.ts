/** Files that are not current, as findings: for reports that know nothing else. */
import { report, wholeFile } from "@synckit-gen/schemas/diagnostics";
import type { Diagnostic } from "@synckit-gen/schemas/diagnostics";
import type { ProjectOutcome } from "./run-project.ts";

export const staleFindings = ({ drift, folder }: ProjectOutcome): readonly Diagnostic[] =>
  drift
    .filter(({ state }) => state !== "current")
    .map(({ path, state }) => report("output/not-current", wholeFile(`${folder}/${path}`), { path: `${folder}/${path}`, state }));

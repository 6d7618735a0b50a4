/** What stands in the way of a comparison with an earlier version, or of letting columns leave the device: entries of the catalogue. */
import type { Diagnostic } from "./diagnostic.ts";

interface Entry {
  readonly severity: Diagnostic["severity"];
  readonly message: (params: never) => string;
  readonly fix: string;
}

export const evolutionCatalog = {
  "egress/not-accepted": {
    severity: "error",
    message: (p: { subject: string; reasons: readonly string[] }) =>
      p.subject === "compat"
        ? `A protection would go: ${p.reasons.join("; ")}. Nobody has accepted that yet.`
        : `"${p.subject}" would begin to leave the device: ${p.reasons.join("; ")}. Nobody has accepted that yet.`,
    fix: "If this is meant, run `synckit-gen generate` with `--accept-egress` and this name; the lock then records it. Else keep the column under `local`.",
  },
  "egress/unknown-column": {
    severity: "error",
    message: (p: { subject: string }) => `\`--accept-egress ${p.subject}\` names nothing that can leave the device.`,
    fix: "Name one synced column as `table.column`. There is no word for all of them: each is looked at once.",
  },
  "egress/unchecked": {
    severity: "warning",
    message: (p: { path: string }) => `"${p.path}" could not be read, so nobody knows which columns begin to leave the device.`,
    fix: "Restore the lock from version control if you can, and look at `synckit-gen diff --against` an earlier commit.",
  },
  "against/no-lock": {
    severity: "error",
    message: (p: { path: string }) => `There is nothing to compare with: "${p.path}" does not exist.`,
    fix: "Run `synckit-gen generate` first, name the output folder with `--out`, or compare with a git ref or a file: `--against main`.",
  },
  "against/not-found": {
    severity: "error",
    message: (p: { against: string }) => `"${p.against}" is neither a file nor a commit, branch or tag of this repository.`,
    fix: "Check the spelling. A branch that is only on the remote is called like `origin/main`, and must have been fetched (in CI, with its history).",
  },
  "against/no-repository": {
    severity: "error",
    message: (p: { against: string; reason: string }) => `"${p.against}" is not a file, and it cannot be a git ref: ${p.reason}.`,
    fix: "Name a file: an earlier schema, or a `synckit.lock.json`.",
  },
  "against/not-in-ref": {
    severity: "error",
    message: (p: { against: string; path: string }) => `"${p.path}" did not exist in ${p.against}.`,
    fix: "Choose a later commit. If the schema had another place then, save it with `git show` and compare with that file.",
  },
  "against/unreadable": {
    severity: "error",
    message: (p: { against: string; reason: string }) => `"${p.against}" cannot be compared with: ${p.reason}.`,
    fix: "Name a schema, a `synckit.lock.json` that synckit-gen wrote, or a git ref.",
  },
  "against/broken-schema": {
    severity: "error",
    message: (p: { against: string; errors: number }) =>
      `The schema in ${p.against} has ${p.errors === 1 ? "an error" : `${p.errors} errors`}, so it says nothing to compare with.`,
    fix: "Compare with a version that synckit-gen accepts.",
  },
} as const satisfies Record<string, Entry>;

/** JSON Schema of what `--format json` prints. `schemas/json/output.schema.json` is this, written out. */

const line = { type: "integer", minimum: 0 };

const span = {
  file: { type: "string", description: "As the command line shows it: relative to --cwd where that is shorter." },
  line: { ...line, description: "From 1; 0 where the finding is about the file as a whole." },
  column: { ...line, description: "From 1, in UTF-16 units; 0 where the finding is about the file as a whole." },
  endLine: line,
  endColumn: { ...line, description: "Exclusive." },
};

const object = (properties: Readonly<Record<string, object>>, required: readonly string[], description?: string): object => ({
  type: "object",
  ...(description === undefined ? {} : { description }),
  properties,
  required,
});

export const outputJsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "What synckit-gen prints with --format json",
  description: "One object on stdout; with --watch one on each line. Members may be added; those named here keep their meaning.",
  type: "object",
  properties: {
    version: { type: "string", description: "The version of synckit-gen." },
    command: { type: "string", description: "The command, without its options: `generate`, `migrate new`." },
    status: {
      enum: ["ok", "findings", "stale", "unusable", "undecided", "interrupted"],
      description:
        "ok: exit code 0. findings and stale: 1. unusable: 2. undecided: 3, a decision is needed and nobody can be asked. interrupted: 130.",
    },
    files: {
      type: "array",
      description: "Files that the run is about; empty where it did not get that far, or is not about files.",
      items: object(
        {
          path: { type: "string" },
          state: {
            type: "string",
            description:
              "Before the run: current, missing, stale, edited (by hand), orphaned (ours, no longer generated), edited-orphan. generate has repaired what it could.",
          },
          diff: { type: "string", description: "With --diff: what changes, in the unified format." },
        },
        ["path", "state"],
      ),
    },
    diagnostics: {
      type: "array",
      items: object(
        {
          code: { type: "string", description: "Stable: `area/what-is-wrong`. `synckit-gen explain <code>` prints its page." },
          severity: { enum: ["error", "warning"] },
          message: { type: "string" },
          fix: { type: "string" },
          suggestion: { type: "string", description: "The word that was probably meant." },
          ...span,
          related: {
            type: "array",
            items: object({ message: { type: "string" }, ...span }, ["message", ...Object.keys(span)]),
          },
        },
        ["code", "severity", "message", "fix", ...Object.keys(span)],
      ),
    },
    seed: { ...line, description: "Of `migrate verify`: the same seed tries the same rows." },
    pairs: {
      type: "array",
      description: "Of `migrate verify`: each way from one migration to a later one.",
      items: object(
        {
          from: { type: "string", description: "The migration that databases have come to." },
          to: { type: "string", description: "The migration that they end with." },
          differences: {
            type: "array",
            items: { type: "string" },
            description: "From what a fresh database and the schema say. Empty where nothing differs.",
          },
        },
        ["from", "to", "differences"],
      ),
    },
    durationMs: { type: "integer", minimum: 0, description: "With --watch: how long the run took." },
  },
  required: ["version", "command", "status", "files", "diagnostics"],
};

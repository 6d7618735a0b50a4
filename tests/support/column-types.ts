/** The types that a column may have, and a constant default for each, as SQL: for schemas made at random. */
export const COLUMN_TYPES = ["text", "integer", "bigint", "real", "boolean", "json", "timestamp", "blob"] as const;

export const CONSTANT_DEFAULTS: Readonly<Record<string, string>> = {
  text: "'none'",
  json: "'{}'",
  timestamp: "'2020-01-01T00:00:00Z'",
  integer: "0",
  bigint: "-5",
  real: "1.5",
  boolean: "1",
  blob: "x'00FF'",
};

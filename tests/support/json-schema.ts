/** A validator for the part of JSON Schema that `schemas/json/output.schema.json` uses. What it does not know, it refuses. */

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(["$schema", "title", "description", "required"]);

/** What is wrong with the value, each with its path; empty where the schema holds. */
export function schemaFaults(value: unknown, schema: Schema, path = "$"): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    switch (keyword) {
      case "type":
        return isOfType(value, String(rule)) ? [] : [`${path}: not ${String(rule)}`];
      case "enum":
        return (rule as readonly unknown[]).includes(value) ? [] : [`${path}: not one of ${JSON.stringify(rule)}`];
      case "minimum":
        return typeof value !== "number" || value >= Number(rule) ? [] : [`${path}: less than ${String(rule)}`];
      case "items":
        return Array.isArray(value) ? value.flatMap((item, index) => schemaFaults(item, rule as Schema, `${path}[${index}]`)) : [];
      case "properties":
        return memberFaults(value, rule as Readonly<Record<string, Schema>>, (schema["required"] ?? []) as readonly string[], path);
      default:
        return ANNOTATIONS.has(keyword) ? [] : [`${path}: the validator does not know "${keyword}"`];
    }
  });
}

function memberFaults(
  value: unknown,
  schemas: Readonly<Record<string, Schema>>,
  required: readonly string[],
  path: string,
): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const members = new Map<string, unknown>(Object.entries(value));
  return [
    ...required.filter((name) => !members.has(name)).map((name) => `${path}: "${name}" is missing`),
    ...Object.entries(schemas).flatMap(([name, schema]) =>
      members.has(name) ? schemaFaults(members.get(name), schema, `${path}.${name}`) : [],
    ),
  ];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

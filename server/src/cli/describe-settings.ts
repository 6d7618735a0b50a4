/** What `synckit-server config` prints. */
import { shown, type Resolved } from "./settings.ts";

export function describeSettings(resolved: readonly Resolved[], isJson: boolean): string {
  const rows = resolved.map((each) => ({ name: each.setting.name, value: shown(each), source: each.source }));
  if (isJson) return JSON.stringify(rows);
  const cells = rows.map(({ name, value, source }) => [name, value === null ? "-" : [value].flat().join(", "), source] as const);
  const [names, values] = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map(([name, value, source]) => `${name.padEnd(names ?? 0)}  ${value.padEnd(values ?? 0)}  ${source}`).join("\n");
}

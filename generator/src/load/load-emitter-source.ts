/** The source of a built-in emitter, as a file of the user's that runs as an emitter of their own. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `typescript`: the source itself; else the JavaScript that it is built into. Null where no emitter has that name. */
export function loadEmitterSource(name: string, language: "typescript" | "javascript"): string | null {
  const root = new URL("../", import.meta.resolve("@synckit-gen/templates"));
  const folder = new URL(language === "typescript" ? "src/emitters/" : "dist/emitters/", root);
  const extension = language === "typescript" ? ".ts" : ".js";
  for (const file of readdirSync(fileURLToPath(folder)).toSorted()) {
    if (!file.endsWith(extension) || /\.(?:test|d)\.ts$/u.test(file)) continue;
    const text = readFileSync(new URL(file, folder), "utf8");
    if (text.includes(`defineEmitter({\n  name: "${name}",`) || text.includes(`defineEmitter({\n    name: "${name}",`)) return asOwn(text);
  }
  return null;
}

/** Imports from inside of our packages become imports of the one entry that is made for it. */
const asOwn = (text: string): string =>
  text
    .replaceAll(/ from "(?:\.\.\/[^"$]+|@synckit-gen\/schemas\/model)";/gu, ` from "synckit-gen/emitter";`)
    .replace(/\n\/\/# sourceMappingURL=.*\n?$/u, "\n");

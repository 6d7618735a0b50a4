/**
 * `.gitattributes` of the output folder: generated files are folded in code review, and keep LF line ends on every
 * machine, since one changed byte counts as an edit. Our lines stand in a block, so that the file may be shared.
 */
import type { OutputFile } from "@synckit-gen/schemas/model";

export const ATTRIBUTES_FILE = ".gitattributes";

const BEGIN = "# synckit-gen: begin";
const END = "# synckit-gen: end";

/** Marks the generated files among these, and the paths besides. */
export function attributesFile(files: readonly OutputFile[], besides: readonly string[]): OutputFile {
  const paths = [...files.filter(({ ownership }) => ownership === "generated").map(({ path }) => path), ...besides].toSorted();
  const lines = [...new Set(paths)].map((path) => `${pattern(path)} text eol=lf linguist-generated=true${mergeOf(path)}`);
  return { path: ATTRIBUTES_FILE, text: `${[BEGIN, ...lines, END].join("\n")}\n`, ownership: "generated" };
}

/**
 * Two branches that both generate change the same lines, hashes above all. Keeping the lines of both ends the merge without
 * a conflict, and the next run writes what belongs there; until then `check` fails. Migrations are never changed, so they
 * cannot be in conflict.
 */
const mergeOf = (path: string): string => (path.startsWith("migrations/") ? "" : " merge=union");

/** The same file with the lines that somebody else wrote around our block. */
export function keepOtherLines(file: OutputFile, found: string): OutputFile {
  const lines = found.replaceAll("\r\n", "\n").replace(/\n+$/u, "").split("\n");
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)];
  const isBlock = begin >= 0 && end > begin;
  const before = isBlock ? lines.slice(0, begin) : lines;
  const after = isBlock ? lines.slice(end + 1) : [];
  const block = file.text.replace(/\n$/u, "");
  const text = [...before, block, ...after].join("\n").replace(/^\n+/u, "");
  return { ...file, text: `${text}\n` };
}

/** A leading slash ties the pattern to this folder; what else has a meaning in patterns is escaped. */
function pattern(path: string): string {
  const escaped = `/${path.replaceAll(/[\\*?[]/gu, String.raw`\$&`)}`;
  return /[\s"]/u.test(escaped) ? JSON.stringify(escaped) : escaped;
}

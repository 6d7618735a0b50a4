/** The code blocks of a document, for tests that run what it shows. */
import { readText } from "./workspace.ts";

/** Of one language, in order. */
export const documentBlocks = (path: string, language: string): readonly string[] =>
  [...readText(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gmu"))].map(([, text]) => text ?? "");

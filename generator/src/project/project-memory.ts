/** What a process that stays keeps of its runs over one project. */
import type { GenerateMemory } from "../generate.ts";
import { FileMemory } from "../write/file-memory.ts";

export class ProjectMemory {
  readonly files = new FileMemory();
  /** Made by the first run that generates: most find by hashes that nothing is to be done. */
  generate: GenerateMemory | null = null;
}

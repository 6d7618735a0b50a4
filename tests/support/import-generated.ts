/** Generated TypeScript, written to a folder and imported: what an application would run. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Compilable } from "kysely";
import type { AppSpec, Migration } from "@synckit-gen/runtime/generated-v1";
import { emitters } from "@synckit-gen/templates";
import type { OutputFile, SyncModel } from "@synckit-gen/schemas/model";
import { testContext } from "./generated.ts";

export interface GeneratedApp {
  readonly spec: AppSpec;
  readonly migrations: readonly Migration[];
  readonly applyFunctions: Readonly<Record<string, (...values: readonly unknown[]) => Compilable>>;
}

/** Writes the model's TypeScript, imports `apply.ts` and `migrations.ts`, and removes the folder again. */
export const importGenerated = (model: SyncModel): Promise<GeneratedApp> =>
  importFiles(emitters.flatMap((emitter) => emitter.emit(model, testContext)));

/** The same for files that are generated already. Imports between them end in whatever they end in. */
export async function importFiles(files: readonly OutputFile[]): Promise<GeneratedApp> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-import-"));
  try {
    symlinkSync(resolve(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const load = (file: string): Promise<unknown> => import(pathToFileURL(join(folder, file)).href);
    const apply = (await load("apply.ts")) as Pick<GeneratedApp, "spec" | "applyFunctions">;
    const { migrations } = (await load("migrations.ts")) as Pick<GeneratedApp, "migrations">;
    return { spec: apply.spec, applyFunctions: apply.applyFunctions, migrations };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

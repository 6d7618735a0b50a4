/** An application through its versions: each schema generated after the one before, as `generate` does from the lock. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Migration } from "@synckit-gen/runtime/generated-v1";
import { emitters } from "@synckit-gen/templates";
import type { MigrationProvider } from "kysely/migration";
import { NO_HISTORY } from "../../generator/src/evolve/history.ts";
import type { History } from "../../generator/src/evolve/history.ts";
import { generate } from "../../generator/src/generate.ts";
import type { GeneratedNext } from "../../generator/src/generate.ts";

/** The history that a run leaves on the disk. */
function historyOf(generated: GeneratedNext): History {
  const texts = new Map<string, string>();
  const snapshots = new Map<string, string>();
  for (const { path, text } of generated.files) {
    const [, sql] = /^migrations\/(.*)\.sql$/u.exec(path) ?? [];
    const [, model] = /^migrations\/models\/(.*)\.json$/u.exec(path) ?? [];
    if (sql !== undefined) texts.set(sql, text);
    if (model !== undefined) snapshots.set(model, text);
  }
  return { ...NO_HISTORY, ...generated.history, model: generated.model, texts, snapshots };
}

/** The codes of what speaks against it, where there is an error. */
export function nextVersion(text: string, before: GeneratedNext | null): GeneratedNext | readonly string[] {
  const history = before === null ? NO_HISTORY : historyOf(before);
  const generated = generate({ file: "synckit.yaml", text }, emitters, { history, allowsDestructive: true });
  return generated.ok ? generated.value : generated.diagnostics.map(({ code }) => code);
}

/** What the last of these schemas generates. */
export function versions(...texts: readonly string[]): GeneratedNext {
  let last: GeneratedNext | null = null;
  for (const text of texts) {
    const next = nextVersion(text, last);
    if (!("files" in next)) throw new Error(`versions: ${next.join()}`);
    last = next;
  }
  if (last === null) throw new Error("versions: there is none");
  return last;
}

/** The text of the latest migration. */
export function latestMigration({ files, addedMigration }: GeneratedNext): string {
  const text = files.find(({ path }) => path === `migrations/${addedMigration ?? ""}.sql`)?.text;
  if (text === undefined) throw new Error("latestMigration: the last version added none");
  return text;
}

/** `migrations.ts`, imported as an application would. */
export async function importMigrations({
  files,
}: GeneratedNext): Promise<{ readonly migrations: readonly Migration[]; readonly migrationProvider: MigrationProvider }> {
  const folder = mkdtempSync(join(tmpdir(), "synckit-migrations-"));
  try {
    symlinkSync(resolve(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    const path = join(folder, "migrations.ts");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files.find((file) => file.path === "migrations.ts")?.text ?? "");
    return (await import(pathToFileURL(path).href)) as Awaited<ReturnType<typeof importMigrations>>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

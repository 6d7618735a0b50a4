/** The spec that emitted code holds: emitted to a folder of its own, imported, and so proven to run. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitters } from "@synckit-gen/templates";
import type { AppSpec, Migration } from "@synckit-gen/runtime/generated-v1";
import type { SyncModel } from "@synckit-gen/schemas/model";
import { testContext } from "./generated.ts";

const root = fileURLToPath(new URL("../.generated/", import.meta.url));

export interface LoadedSpec {
  readonly spec: AppSpec;
  readonly migrations: readonly Migration[];
}

export async function loadSpec(model: SyncModel): Promise<LoadedSpec> {
  const files = emitters.flatMap((emitter) => emitter.emit(model, testContext));
  const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  const folder = join(root, hash);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file.path)), { recursive: true });
    writeFileSync(join(folder, file.path), file.text);
  }
  const apply = (await import(/* @vite-ignore */ join(folder, "apply.ts"))) as { spec: AppSpec };
  const { migrations } = (await import(/* @vite-ignore */ join(folder, "migrations.ts"))) as { migrations: readonly Migration[] };
  return { spec: apply.spec, migrations };
}

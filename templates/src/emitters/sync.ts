/** Emits the one call that wires generated code to the runtime. */
import { defineEmitter } from "@synckit-gen/schemas/model";
import { tsHeader } from "../text/header.ts";

export const emitter = defineEmitter({
  name: "sync",
  summary: "createSync(): everything wired to the runtime",
  emit: (_model, context) => {
    const text = `${tsHeader(context, "Everything wired to the runtime.")}import { openSync, type Sync, type SyncOptions } from "@synckit-gen/runtime/generated-v1";
import { spec } from "./apply${context.importSuffix}";
import { migrations } from "./migrations${context.importSuffix}";

/** Sync for this application's database. Migrations run first. */
export const createSync = (options: SyncOptions): Sync => openSync(spec, migrations, options);
`;
    return [{ path: "sync.ts", text, ownership: "generated" }];
  },
});

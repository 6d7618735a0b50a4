/** A device that has met entries that its version of the app would misread neither reads nor writes until it is updated. */
import { SyncError } from "../client/errors.ts";
import type { Store } from "../store/store.ts";

/** State key: the model with which that was, and the table. */
const TOO_OLD = "too_old";

export function becomeTooOld({ state }: Store, table: string): never {
  state.set(TOO_OLD, JSON.stringify([state.get("model_hash"), table]));
  throw new SyncError("app/outdated", { detail: `table ${table}` });
}

export function refuseTooOld(store: Store): void {
  const noted = store.state.get(TOO_OLD);
  if (noted === null) return;
  const [model, table] = JSON.parse(noted) as readonly [string | null, string];
  if (model === store.state.get("model_hash")) becomeTooOld(store, table);
}

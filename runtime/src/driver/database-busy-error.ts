/** The one failure of a database that is nobody's mistake: somebody else is writing. */
import { SyncError } from "../client/errors.ts";

/** Another connection holds the lock, or the app has a transaction open on this handle. Nothing was written; trying again later is all it takes. */
export class DatabaseBusyError extends SyncError {
  override readonly name = "DatabaseBusyError";

  constructor(detail: string, cause?: unknown) {
    super("database/busy", { detail, cause });
  }
}

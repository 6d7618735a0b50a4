/** The one failure of a database that is nobody's mistake: somebody else is writing. */

/** Another connection holds the lock, or the app has a transaction open on this handle. Nothing was written; trying again later is all it takes. */
export class DatabaseBusyError extends Error {
  override readonly name = "DatabaseBusyError";
  readonly code = "database/busy";
  readonly retryable = true;
}

/** A broken promise: which one, so that a smaller run can be told to break the same. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  readonly check: string;

  constructor(check: string, message: string) {
    super(message);
    this.check = check;
  }
}

/** What two failures must have in common to be the same: the check, or where the engine threw. */
export const kindOf = (error: unknown): string =>
  error instanceof SimulationFailure
    ? error.check
    : error instanceof Error
      ? `${error.name}: ${error.message.replaceAll(/\d+/g, "N")}`
      : String(error);

/** What the command line tells its user, and with which exit code. */

/** 0: fine. */
export const EXIT_OK = 0;
/** What was asked for cannot be had: a port in use, a name that is taken. */
export const EXIT_FAILED = 1;
/** The command itself is wrong. */
export const EXIT_USAGE = 2;
/** Our bug. */
export const EXIT_BUG = 70;

/** Ends the program with a message and no stack trace. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A new password from standard input or from a person at a terminal; never from an argument, which others can list. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { CliError, EXIT_FAILED, EXIT_USAGE } from "./cli-error.ts";

export async function readPassword(isFromStdin: boolean): Promise<string> {
  // A newline at the end belongs to `echo` and to files, not to the password.
  if (isFromStdin) return (await text(process.stdin)).replace(/\r?\n$/, "");
  if (!process.stdin.isTTY)
    throw new CliError(EXIT_USAGE, "There is no terminal to ask for the password on.\nPipe it in and add --password-stdin.");
  const password = await ask("Password: ");
  if (password !== (await ask("Once more: "))) throw new CliError(EXIT_FAILED, "The two passwords differ.");
  return password;
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

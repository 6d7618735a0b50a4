/**
 * Commands called from somewhere else (another process of the app, a page over HTTP): by name, with arguments as
 * plain values, and with failures as plain values too, since an error's class does not survive the way.
 */

/** A command as `commands.ts` has it: the first argument is the application's `Sync`. */
export type Command<Sync> = (sync: Sync, ...values: never[]) => unknown;
export type Commands<Sync> = Readonly<Record<string, Command<Sync>>>;

/** The same commands as their caller sees them: without the first argument, and with a promise of the result. */
export type Remote<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends (sync: infer _Sync, ...values: infer Values) => infer Result
    ? (...values: Values) => Promise<Awaited<Result>>
    : never;
};

export type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Problem };

/** An error's stable part. `internal`: a bug of the application, whose text stays on this side. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** Runs one command. Never rejects. */
export async function answer<Sync>(sync: Sync, commands: Commands<Sync>, name: unknown, values: unknown): Promise<Answer> {
  if (typeof name !== "string" || !Object.hasOwn(commands, name)) return refuse("command/unknown", "There is no such command.");
  if (!Array.isArray(values)) return refuse("command/arguments", "A command's arguments come as a list.");
  try {
    const value: unknown = await (commands[name] as (sync: Sync, ...values: unknown[]) => unknown)(sync, ...(values as unknown[]));
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error: problemOf(error) };
  }
}

const refuse = (code: string, message: string): Answer => ({ ok: false, error: { code, message, retryable: false } });

/** Errors with a stable code are meant to be shown; of any other, the text may hold anything. */
function problemOf(error: unknown): Problem {
  if (error instanceof Error && "code" in error && typeof error.code === "string" && "retryable" in error)
    return { code: error.code, message: error.message, retryable: error.retryable === true };
  return { code: "internal", message: "Something went wrong inside the app.", retryable: false };
}

/** A command failed on the other side. Codes are those of `SyncError`, or `command/…`, or `internal`. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  readonly retryable: boolean;

  constructor({ code, message, retryable }: Problem) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** Commands of the other side as functions. Each throws `CommandError`. */
export function remoteCommands<Table>(call: (name: string, values: readonly unknown[]) => Promise<Answer>): Remote<Table> {
  const invoke = async (name: string, values: readonly unknown[]): Promise<unknown> => {
    const result = await call(name, values);
    if (!result.ok) throw new CommandError(result.error);
    return result.value;
  };
  // `then` is asked for by anything that awaits the object.
  return new Proxy({} as Remote<Table>, {
    get: (_target, name) => (typeof name === "string" && name !== "then" ? (...values: unknown[]) => invoke(name, values) : undefined),
  });
}

/**
 * From "not connected" to "in sync" as one state: what to show next, whether something is being waited for, and
 * what went wrong last. The same for a first device, a further device and a later run; a user interface renders
 * the step and calls the action that belongs to it.
 */
import { SyncError, type SyncErrorCode } from "../client/errors.ts";
import { eventSource, type Unsubscribe } from "../events/event-stream.ts";
import type { Sync } from "../sync/sync.ts";

export type FirstRunStep =
  /** Nothing has been looked at yet: call `start`. */
  | "start"
  /** Show "Connect": `signIn`. */
  | "sign-in"
  /** Nobody has a key yet. Ask for a new encryption password, twice: `choosePassword`. */
  | "choose-password"
  /** Another device made the key. Ask for its password: `enterPassword`, or `usePhrase`. */
  | "enter-password"
  /** Show `phrase` for writing down, once: `phraseIsKept`. */
  | "keep-phrase"
  /** The first cycle runs; `sync.events` has its progress. After a failure: `retry`. */
  | "first-sync"
  | "ready";

export interface FirstRunState {
  readonly step: FirstRunStep;
  /** An action is under way. Other actions throw until it is done. */
  readonly isBusy: boolean;
  /** Why the last action did not lead on; the step tells what to do about it. */
  readonly problem: { readonly code: SyncErrorCode; readonly message: string; readonly retryable: boolean } | null;
  /** For `keep-phrase` only: 24 words. */
  readonly phrase: string | null;
}

export interface FirstRun {
  readonly state: () => FirstRunState;
  /** Calls at once with the state, then with each new one. */
  readonly subscribe: (listener: (state: FirstRunState) => void) => Unsubscribe;
  /** Takes session and key from the keychain; with both, goes straight to the first cycle. */
  readonly start: () => Promise<void>;
  /** `how` signs in: `() => signInWithBrowser(sync, …)` or `() => sync.signIn(email, password)`. */
  readonly signIn: (how: () => Promise<void>) => Promise<void>;
  readonly choosePassword: (password: string) => Promise<void>;
  readonly enterPassword: (password: string) => Promise<void>;
  /** The password is lost: the recovery phrase and a new password. */
  readonly usePhrase: (phrase: string, newPassword: string) => Promise<void>;
  readonly phraseIsKept: () => Promise<void>;
  /** Does again what failed, where nobody has to enter anything. */
  readonly retry: () => Promise<void>;
}

export interface FirstRunOptions {
  /** Default true: whoever makes a key is shown the recovery phrase. */
  readonly offerPhrase?: boolean;
}

type Client = Pick<
  Sync["client"],
  | "tryLoadKeyFromKeychain"
  | "isTokenExpired"
  | "sessionInfo"
  | "hasMasterKey"
  | "hasServerKey"
  | "recoveryPhrase"
  | "setupEncryptionFromPhrase"
>;

/** What a first run needs of a `Sync`. Actions never reject: what went wrong is in the state. */
export type FirstRunSync = Pick<Sync, "setupEncryptionNew" | "setupEncryptionExisting" | "ensureDeviceRegistered"> & {
  readonly client: Client;
  readonly syncNow: () => Promise<unknown>;
};

const NEXT_AFTER: Readonly<Record<string, FirstRunStep>> = {
  "auth/expired": "sign-in",
  "auth/rejected": "sign-in",
  "auth/not-signed-in": "sign-in",
  "key/exists": "enter-password", // another device was faster
  "key/not-set-up": "choose-password",
  "key/none": "enter-password",
};

export function firstRun(sync: FirstRunSync, options: FirstRunOptions = {}): FirstRun {
  const { client } = sync;
  const states = eventSource<FirstRunState>(() => "state");
  let state: FirstRunState = { step: "start", isBusy: false, problem: null, phrase: null };

  function become(next: Partial<FirstRunState>): void {
    state = { ...state, phrase: null, ...next };
    states.publish(state);
  }
  become({});

  /** Runs one action; it gives the step that follows. */
  async function act(steps: readonly FirstRunStep[], work: () => Promise<FirstRunStep>): Promise<void> {
    if (state.isBusy) throw new Error("firstRun: an action is under way");
    if (!steps.includes(state.step)) throw new Error(`firstRun: this is the step "${state.step}"`);
    become({ isBusy: true, problem: null, phrase: state.phrase });
    try {
      const step = await work();
      become({ step, isBusy: false, phrase: step === "keep-phrase" ? await client.recoveryPhrase() : null });
    } catch (error) {
      if (!(error instanceof SyncError)) {
        become({ isBusy: false });
        throw error;
      }
      const problem = { code: error.code, message: error.message, retryable: error.retryable };
      become({ isBusy: false, problem, step: NEXT_AFTER[error.code] ?? state.step });
    }
  }

  /** Which step the facts ask for. */
  async function onwards(): Promise<FirstRunStep> {
    if (client.sessionInfo() === null || client.isTokenExpired()) return "sign-in";
    if (!client.hasMasterKey()) return (await client.hasServerKey()) ? "enter-password" : "choose-password";
    become({ step: "first-sync" });
    await sync.syncNow();
    return "ready";
  }

  return {
    state: () => state,
    subscribe: states.subscribe,
    start: () =>
      act(["start"], async () => {
        await client.tryLoadKeyFromKeychain();
        return onwards();
      }),
    signIn: (how) =>
      act(["sign-in"], async () => {
        await how();
        return onwards();
      }),
    choosePassword: (password) =>
      act(["choose-password"], async () => {
        await sync.setupEncryptionNew(password);
        return options.offerPhrase === false ? onwards() : "keep-phrase";
      }),
    enterPassword: (password) =>
      act(["enter-password"], async () => {
        await sync.setupEncryptionExisting(password);
        return onwards();
      }),
    usePhrase: (phrase, newPassword) =>
      act(["enter-password"], async () => {
        await client.setupEncryptionFromPhrase(phrase, newPassword, await sync.ensureDeviceRegistered());
        return onwards();
      }),
    phraseIsKept: () => act(["keep-phrase"], onwards),
    retry: () => act(["start", "sign-in", "choose-password", "enter-password", "first-sync"], onwards),
  };
}

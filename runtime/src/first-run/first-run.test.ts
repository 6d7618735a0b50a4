import { expect, test } from "vitest";
import { SyncError } from "../client/errors.ts";
import { firstRun, type FirstRun, type FirstRunSync } from "./first-run.ts";

/** An account, and a device of it: what a first run asks and does, without a network. */
function world(facts: { keychain?: "all" | "session"; serverKey?: boolean; expired?: boolean } = {}) {
  const does: string[] = [];
  const failures = new Map<string, SyncError>();
  let isSignedIn = false;
  let hasKey = false;
  let isExpired = facts.expired ?? false;
  let serverKey = facts.serverKey ?? false;
  const doing = async <T>(name: string, result: () => T): Promise<T> => {
    does.push(name);
    const failure = failures.get(name);
    failures.delete(name);
    if (failure !== undefined) throw failure;
    return result();
  };
  const sync: FirstRunSync = {
    client: {
      tryLoadKeyFromKeychain: () =>
        doing("keychain", () => {
          isSignedIn = facts.keychain !== undefined;
          hasKey = facts.keychain === "all";
          return isSignedIn && hasKey;
        }),
      isTokenExpired: () => !isSignedIn || isExpired,
      sessionInfo: () => (isSignedIn ? { userId: "u", appId: "a", expiresAtMs: 0 } : null),
      hasMasterKey: () => hasKey,
      hasServerKey: () => doing("has server key", () => serverKey),
      recoveryPhrase: async () => "24 words",
      setupEncryptionFromPhrase: (phrase, password, device) => doing(`phrase ${phrase} ${password} ${device}`, () => void (hasKey = true)),
    },
    setupEncryptionNew: (password) => doing(`new ${password}`, () => void (hasKey = serverKey = true)),
    setupEncryptionExisting: (password) => doing(`existing ${password}`, () => void (hasKey = true)),
    ensureDeviceRegistered: async () => "device-1",
    syncNow: () => doing("sync", () => undefined),
  };
  const signIn = () =>
    doing("sign in", () => {
      isSignedIn = true;
      isExpired = false;
    });
  const steps: string[] = [];
  const run = firstRun(sync);
  run.subscribe(({ step, isBusy }) => steps.push(`${step}${isBusy ? "…" : ""}`));
  return { run, does, failures, signIn, steps, setServerKey: (is: boolean) => void (serverKey = is) };
}

const stepOf = (run: FirstRun): string => run.state().step;

test("first device: sign in, choose a password, keep the phrase, first cycle", async () => {
  const { run, signIn, does, steps } = world();
  await run.start();
  await run.signIn(signIn);
  await run.choosePassword("secret");
  expect(run.state()).toEqual({ step: "keep-phrase", isBusy: false, problem: null, phrase: "24 words" });
  await run.phraseIsKept();

  expect(run.state()).toEqual({ step: "ready", isBusy: false, problem: null, phrase: null });
  expect(does).toEqual(["keychain", "sign in", "has server key", "new secret", "sync"]);
  expect(steps.filter((step, at) => step !== steps[at - 1])).toEqual([
    "start",
    "start…",
    "sign-in",
    "sign-in…",
    "choose-password",
    "choose-password…",
    "keep-phrase",
    "keep-phrase…",
    "first-sync…",
    "ready",
  ]);
});

test("later run: the keychain has all, and nobody is asked anything", async () => {
  const { run, does } = world({ keychain: "all" });
  await run.start();
  expect(stepOf(run)).toBe("ready");
  expect(does).toEqual(["keychain", "sync"]);
});

test("later run with an expired session: signing in is enough, the key is there", async () => {
  const { run, signIn, does } = world({ keychain: "all", expired: true });
  await run.start();
  expect(stepOf(run)).toBe("sign-in");
  await run.signIn(signIn);
  expect(stepOf(run)).toBe("ready");
  expect(does).toEqual(["keychain", "sign in", "sync"]);
});

test("further device: the password of the key that is there, wrong and then right", async () => {
  const { run, signIn, failures } = world({ serverKey: true });
  await run.start();
  await run.signIn(signIn);
  failures.set("existing wrong", new SyncError("key/wrong-password"));
  await run.enterPassword("wrong");
  expect(run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/wrong-password", retryable: false } });
  await run.enterPassword("right");
  expect(run.state()).toMatchObject({ step: "ready", problem: null });
});

test("further device whose user has only the phrase", async () => {
  const { run, signIn, does } = world({ serverKey: true });
  await run.start();
  await run.signIn(signIn);
  await run.usePhrase("words", "new password");
  expect(stepOf(run)).toBe("ready");
  expect(does).toContain("phrase words new password device-1");
});

test("two first devices: the slower one is asked for the password that the faster one chose", async () => {
  const { run, signIn, failures, setServerKey } = world();
  await run.start();
  await run.signIn(signIn);
  setServerKey(true);
  failures.set("new mine", new SyncError("key/exists"));
  await run.choosePassword("mine");
  expect(run.state()).toMatchObject({ step: "enter-password", problem: { code: "key/exists" } });
});

test("a failing network is said, and retrying does only what is left", async () => {
  const { run, signIn, failures, does } = world({ serverKey: true });
  await run.start();
  failures.set("has server key", new SyncError("network/offline"));
  await run.signIn(signIn);
  expect(run.state()).toMatchObject({ step: "sign-in", problem: { code: "network/offline", retryable: true } });
  await run.retry();
  expect(stepOf(run)).toBe("enter-password");

  failures.set("sync", new SyncError("network/timeout"));
  await run.enterPassword("right");
  expect(run.state()).toMatchObject({ step: "first-sync", isBusy: false, problem: { code: "network/timeout" } });
  await run.retry();
  expect(stepOf(run)).toBe("ready");
  expect(does.filter((name) => name === "existing right")).toHaveLength(1);
});

test("a cancelled sign-in leaves the step as it was, a session revoked during the first cycle goes back to it", async () => {
  const { run, signIn, failures } = world({ serverKey: true });
  await run.start();
  await run.signIn(async () => {
    throw new SyncError("auth/cancelled");
  });
  expect(run.state()).toMatchObject({ step: "sign-in", problem: { code: "auth/cancelled" } });

  await run.signIn(signIn);
  failures.set("sync", new SyncError("auth/rejected"));
  await run.enterPassword("right");
  expect(run.state()).toMatchObject({ step: "sign-in", problem: { code: "auth/rejected" } });
});

test("an action of another step, or a second one at once, is a mistake of the app; a bug is not swallowed", async () => {
  const { run, signIn } = world();
  await expect(run.enterPassword("x")).rejects.toThrow('this is the step "start"');
  const starting = run.start();
  await expect(run.start()).rejects.toThrow("an action is under way");
  await starting;
  await expect(run.signIn(() => Promise.reject(new TypeError("a bug")))).rejects.toThrow("a bug");
  expect(run.state()).toMatchObject({ step: "sign-in", isBusy: false });
  await run.signIn(signIn);
});

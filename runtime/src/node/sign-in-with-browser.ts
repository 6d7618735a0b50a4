/** The whole sign-in of a native application: listen, open the browser, wait for the redirect, exchange the code. */
import type { Sync } from "../sync/sync.ts";
import { openLoopback, type LoopbackOptions } from "./loopback.ts";

export interface BrowserSignIn extends LoopbackOptions {
  /** Opens the user's browser: `shell.openExternal` in Electron, the `open` package, or printing the address. */
  readonly openBrowser: (url: string) => unknown;
}

/** Throws `auth/denied`, `auth/timeout` or `auth/cancelled`, and what `completeAuth` throws. */
export async function signInWithBrowser(sync: Pick<Sync, "startAuth" | "completeAuth">, options: BrowserSignIn): Promise<void> {
  const loopback = await openLoopback(options);
  try {
    const { port } = loopback;
    const { authorizeUrl, state, verifier } = await sync.startAuth({ port });
    const waiting = loopback.code(state);
    waiting.catch(() => {}); // where opening the browser fails, nobody waits for it
    const opened = Promise.resolve(options.openBrowser(authorizeUrl));
    // Some openers end only when the browser is closed: the code, a cancel and the time-out do not wait for that.
    const code = await Promise.race([waiting, opened.then(() => waiting)]);
    await sync.completeAuth({ code, state, expectedState: state, verifier, port });
  } finally {
    await loopback.close();
  }
}

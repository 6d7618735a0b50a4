/** The whole sign-in of a native application: listen, open the browser, wait for the redirect, exchange the code. */
import type { Sync } from "../open-sync.ts";
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
    const code = loopback.code(state);
    code.catch(() => {}); // where opening the browser fails, nobody waits for it
    await options.openBrowser(authorizeUrl);
    await sync.completeAuth({ code: await code, state, expectedState: state, verifier, port });
  } finally {
    await loopback.close();
  }
}

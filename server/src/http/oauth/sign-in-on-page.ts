/** Email and password from a form: who signed in is remembered by the browser, what is wrong is told beside its field. */
import { WireError } from "@synckit-gen/schemas/protocol";
import { audit } from "../../audit.ts";
import type { SignInView } from "../../pages/sign-in-page.ts";
import type { SessionContext } from "../session-routes.ts";
import type { PageContext } from "./answer-page.ts";
import type { Browser } from "./browser.ts";

export type WrongSignIn = NonNullable<SignInView["wrong"]>;

/** Null: signed in. `appId`: for which app, if for one. */
export async function signInOnPage(
  { storage, clock, checkCredentials }: SessionContext,
  c: PageContext,
  browser: Browser,
  email: string,
  password: string,
  appId: string | null,
): Promise<WrongSignIn | null> {
  try {
    const user = await checkCredentials(email, password);
    await audit(storage, clock, "sign-in", user === null ? "refused" : "done", {
      address: c.get("address"),
      ...(appId === null ? {} : { appId }),
      ...(user === null ? {} : { userId: user.id }),
    });
    if (user === null) return { field: "password", message: "The email or the password is wrong." };
    await browser.signIn(user);
    return null;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const isEmail = error.message.startsWith("email");
    return {
      field: isEmail ? "email" : "password",
      message: isEmail ? "Enter an email address, like ada@example.com." : "This password is too long.",
    };
  }
}

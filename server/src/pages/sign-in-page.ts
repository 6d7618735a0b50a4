/** Email and password, for an app that a person wants to sign in to. */
import { html } from "hono/html";
import { page, type Html } from "./page.ts";

export interface SignInView {
  readonly appName: string;
  /** Where the form goes, relative to this server. */
  readonly action: string;
  readonly formToken: string;
  /** As it was typed. */
  readonly email: string;
  /** What is wrong with which field; null: nothing was sent yet. */
  readonly wrong: { readonly field: "email" | "password"; readonly message: string } | null;
}

export function signInPage({ appName, action, formToken, email, wrong }: SignInView): Html {
  // The first field to fill has the focus: the wrong one, or the first.
  const focused = wrong?.field ?? "email";
  const attributes = (field: "email" | "password"): Html =>
    html`${focused === field ? html` autofocus` : ""}${wrong?.field === field ? html` aria-invalid="true" aria-describedby="wrong"` : ""}`;
  const message = (field: "email" | "password"): Html | "" =>
    wrong?.field === field ? html`<p class="wrong" id="wrong" role="alert">${wrong.message}</p>` : "";

  return page(
    wrong === null ? `Sign in to ${appName}` : `Error: sign in to ${appName}`,
    html`<form method="post" action="${action}">
      <input type="hidden" name="form_token" value="${formToken}" />
      <label for="email">Email</label>
      <input
        id="email"
        name="email"
        type="email"
        inputmode="email"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required
        maxlength="320"
        value="${email}"
        ${attributes("email")}
      />
      ${message("email")}
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        maxlength="1024"
        ${attributes("password")}
      />
      ${message("password")}
      <p class="quiet">This is the password of your account, not the one that encrypts your data.</p>
      <div class="buttons"><button class="main" type="submit">Sign in</button></div>
    </form>`,
  );
}

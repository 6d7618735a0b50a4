/** What an app asks for, and the person's answer. Asked every time: any program on a computer can pose as the app. */
import { html } from "hono/html";
import { page, type Html } from "./page.ts";

export interface ConsentView {
  readonly appName: string;
  readonly email: string;
  /** Where the answer goes, as a person can recognise it. */
  readonly recipient: string;
  readonly consentAction: string;
  readonly signOutAction: string;
  readonly formToken: string;
}

export function consentPage({ appName, email, recipient, consentAction, signOutAction, formToken }: ConsentView): Html {
  const hidden = html`<input type="hidden" name="form_token" value="${formToken}" />`;
  return page(
    `Let ${appName} sync?`,
    html`<p>You are signed in as <strong>${email}</strong>.</p>
      <p><strong>${appName}</strong> asks to</p>
      <ul>
        <li>store and fetch its encrypted data in your account,</li>
        <li>add this device to your devices and see their names,</li>
        <li>know your email address.</li>
      </ul>
      <p>It cannot see data of other apps. Your answer goes to ${recipient}.</p>
      <form method="post" action="${consentAction}">
        ${hidden}
        <div class="buttons">
          <button class="main" type="submit" name="decision" value="allow">Allow</button>
          <button type="submit" name="decision" value="deny">Cancel</button>
        </div>
      </form>
      <form method="post" action="${signOutAction}">
        ${hidden}
        <p><button class="link" type="submit">Sign in as somebody else</button></p>
      </form>`,
  );
}

/** What a person can do with an account: see and remove devices, change the password, sign out everywhere, delete it. */
import type { Device } from "@synckit-gen/schemas/protocol";
import { html } from "hono/html";
import { page, type Html } from "./page.ts";

export interface AccountView {
  readonly email: string;
  readonly formToken: string;
  readonly devices: readonly (Device & { readonly appId: string; readonly appName: string })[];
  /** What is wrong with which field; null: nothing. */
  readonly wrong: { readonly field: "current" | "next" | "confirm"; readonly message: string } | null;
}

export function accountPage({ email, formToken, devices, wrong }: AccountView): Html {
  const form = (action: string, content: Html): Html =>
    html`<form method="post" action="/account/${action}"><input type="hidden" name="form_token" value="${formToken}" />${content}</form>`;
  const field = (name: "current" | "next" | "confirm", label: string, type: string, autocomplete: string): Html =>
    html`<label for="${name}">${label}</label>
      <input
        id="${name}"
        name="${name}"
        type="${type}"
        autocomplete="${autocomplete}"
        required
        ${wrong?.field === name ? html` autofocus aria-invalid="true" aria-describedby="wrong"` : ""}
      />
      ${wrong?.field === name ? html`<p class="wrong" id="wrong" role="alert">${wrong.message}</p>` : ""}`;
  const button = (label: string): Html => html`<div class="buttons"><button type="submit">${label}</button></div>`;

  return page(
    wrong === null ? "Your account" : "Error: your account",
    html`<p>You are signed in as <strong>${email}</strong>.</p>
      ${form("sign-out", html`<p><button class="link" type="submit">Sign out on this browser</button></p>`)}
      <h2>Devices</h2>
      ${devices.length === 0 ? html`<p>None yet.</p>` : ""}
      <ul>
        ${devices.map(
          ({ id, appId, appName, deviceName, platform, lastSeenAt }) =>
            html`<li>
              <strong>${deviceName}</strong> (${platform ?? "unknown"}), ${appName}, last seen ${(lastSeenAt ?? "never").slice(0, 10)}
              ${form(
                "remove-device",
                html`<input type="hidden" name="app_id" value="${appId}" /><input type="hidden" name="device_id" value="${id}" /><button
                    class="link"
                    type="submit"
                    aria-label="Remove ${deviceName} of ${appName}"
                  >
                    Remove
                  </button>`,
              )}
            </li>`,
        )}
      </ul>
      <h2>Sign out everywhere</h2>
      <p>Every device and app must sign in again. Do this, and change the password, when a device was stolen.</p>
      ${form("end-sessions", button("Sign out everywhere"))}
      <h2>Password</h2>
      <p class="quiet">This is the password of your account, not the one that encrypts your data. Changing it signs you out everywhere.</p>
      ${form(
        "password",
        html`${field("current", "Current password", "password", "current-password")}
        ${field("next", "New password", "password", "new-password")} ${button("Change password")}`,
      )}
      <h2>Delete this account</h2>
      <p>All that your apps keep here goes for good. What is on your devices stays there.</p>
      ${form("delete", html`${field("confirm", "Type your email address to confirm", "text", "off")} ${button("Delete account")}`)}`,
  );
}

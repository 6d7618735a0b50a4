/**
 * The frame of the server's few pages: plain HTML that works without scripts, and the headers that keep anything else
 * from happening on them. No page holds user data besides an email address and an app's name.
 */
import { html, raw } from "hono/html";
import { createHash } from "node:crypto";
import { STYLE } from "./style.ts";

/** A piece of HTML, or a promise of one: what `html` makes and takes. */
export type Html = ReturnType<typeof html>;

/** In one piece: the hash in the headers is of every character between the tags. */
const STYLE_ELEMENT = raw(`<style>${STYLE}</style>`);
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** `width`: of a form and a text, or of a table. */
export const page = (title: string, content: Html, width: "narrow" | "wide" = "narrow"): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main class="${width}">
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `;

/**
 * Nothing is loaded, nothing runs, nobody frames the page. `formTarget`: where a form of the page may end up besides this
 * server, as Chromium holds redirects after a form to `form-action` too.
 */
export function pageHeaders(formTarget: string | null, isHttps: boolean): Readonly<Record<string, string>> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      `style-src 'sha256-${STYLE_HASH}'`,
      `form-action 'self'${formTarget === null ? "" : ` ${formTarget}`}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join("; "),
    "X-Frame-Options": "DENY",
    // The address holds the app's state and challenge.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    ...(isHttps ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
  };
}

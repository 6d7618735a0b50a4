/** A page that says one thing, with a way on where there is one. */
import { html } from "hono/html";
import { page, type Html } from "./page.ts";

export interface MessageView {
  readonly title: string;
  readonly text: string;
  /** Relative to this server. */
  readonly next?: { readonly href: string; readonly label: string };
}

export const messagePage = ({ title, text, next }: MessageView): Html =>
  page(
    title,
    html`<p>${text}</p>
      ${next === undefined ? "" : html`<p><a href="${next.href}">${next.label}</a></p>`}`,
  );

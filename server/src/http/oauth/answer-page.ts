/** What all pages for people share on the way out and in: their headers, refusals in words, and forms that are this browser's own. */
import type { Context } from "hono";
import { messagePage, type MessageView } from "../../pages/message-page.ts";
import { pageHeaders, type Html } from "../../pages/page.ts";
import type { User } from "../../storage/port.ts";
import type { Env } from "../env.ts";
import { HttpError } from "../http-error.ts";
import type { Browser } from "./browser.ts";

export type PageContext = Context<Env>;
export type PageStatus = 200 | 400 | 403 | 408 | 413 | 422 | 429;

interface Connection {
  readonly isHttps: boolean;
}

export async function show(
  { isHttps }: Connection,
  c: PageContext,
  content: Html,
  status: PageStatus = 200,
  formTarget: string | null = null,
) {
  for (const [name, value] of Object.entries(pageHeaders(formTarget, isHttps))) c.header(name, value);
  return c.html(content, status);
}

const TITLES: Readonly<Partial<Record<number, string>>> = { 403: "Please try again", 429: "Too many attempts" };

export function showRefusal(connection: Connection, c: PageContext, error: HttpError, next: NonNullable<MessageView["next"]>) {
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  const wait = error.headers["Retry-After"];
  const text = error.status === 429 ? `Wait ${wait ?? "some"} seconds, then try again.` : error.message;
  const status = ([403, 408, 413, 429] as const).find((known) => known === error.status) ?? 400;
  return show(connection, c, messagePage({ title: TITLES[error.status] ?? "That did not work", text, next }), status);
}

export async function requireOwnForm(browser: Browser, form: Readonly<Record<string, string>>, user: User | null): Promise<void> {
  if (!(await browser.isOwnForm(form["form_token"] ?? "", user)))
    throw new HttpError(403, "The form is too old, or this browser keeps no cookies of this site.");
}

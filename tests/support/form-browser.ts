/** A browser without scripts and without a window: keeps cookies, follows redirects of one host, reads and sends forms. */

export interface FormPage {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The page's forms: where they go, and what their hidden members hold. */
  readonly forms: readonly { readonly action: string; readonly hidden: Readonly<Record<string, string>> }[];
}

type Fetch = (request: Request) => Promise<Response>;

const unescape = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export class FormBrowser {
  readonly cookies = new Map<string, string>();
  readonly #fetch: Fetch;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** A page; for a redirect to another host its address, without a look at what is there. */
  async open(address: string | URL, init: RequestInit = {}): Promise<FormPage> {
    let url = new URL(address);
    let next: RequestInit = init;
    for (let hops = 0; hops < 5; hops++) {
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = new Headers(next.headers);
      if (cookie !== "") headers.set("cookie", cookie);
      const response = await this.#fetch(new Request(url, { ...next, headers, redirect: "manual" }));
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get("location");
      const target = location === null ? null : new URL(location, url);
      if (target === null || target.host !== url.host) {
        const text = await response.text();
        return { url: target ?? url, status: response.status, headers: response.headers, text, forms: formsOf(text) };
      }
      url = target;
      next = {};
    }
    throw new Error("the browser was sent from page to page");
  }

  /** Sends the form at this place of the page, with what a person fills in. */
  send(
    page: FormPage,
    members: Readonly<Record<string, string>>,
    place = 0,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<FormPage> {
    const form = page.forms[place];
    if (form === undefined) throw new Error(`no form on ${page.url.pathname}: ${page.text.slice(0, 500)}`);
    return this.open(new URL(form.action, page.url), {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", ...headers },
      body: new URLSearchParams({ ...form.hidden, ...members }).toString(),
    });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const name = pair.slice(0, pair.indexOf("="));
    if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

function formsOf(text: string): FormPage["forms"] {
  return [...text.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)].map(([, action = "", content = ""]) => ({
    action: unescape(action),
    hidden: Object.fromEntries(
      [...content.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)" \/>/g)].map(([, name = "", value = ""]) => [
        name,
        unescape(value),
      ]),
    ),
  }));
}

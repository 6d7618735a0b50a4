/** A real Chromium, where there is one, driven by playwright-core. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

/** Null: none is installed (Debian: `apt-get install chromium`), and what needs one skips. */
export const chromiumPath: string | null =
  [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path !== undefined && existsSync(path),
  ) ?? null;

/** Ends the name of a test: what to do when it skips. */
export const chromiumHint = chromiumPath === null ? " (skipped: install chromium, or name one in CHROMIUM)" : "";

// playwright-core's own declarations name a browser's and Electron's types, which clash with Node's: this is what tests use.

export interface Locator {
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  waitFor(): Promise<void>;
  count(): Promise<number>;
  inputValue(): Promise<string>;
  innerText(): Promise<string>;
  all(): Promise<readonly Locator[]>;
  boundingBox(): Promise<{ readonly width: number; readonly height: number } | null>;
}
export interface Page {
  readonly keyboard: { type(text: string): Promise<void>; press(key: string): Promise<void> };
  on(event: "console", listener: (message: { type(): string; text(): string }) => void): void;
  goto(url: string): Promise<unknown>;
  goBack(): Promise<unknown>;
  waitForURL(url: RegExp): Promise<void>;
  title(): Promise<string>;
  getByLabel(text: string): Locator;
  getByRole(role: string, options?: { readonly name?: string; readonly description?: string }): Locator;
  locator(selector: string): Locator;
  /** An expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>;
}
export interface ContextOptions {
  readonly javaScriptEnabled?: boolean;
  readonly colorScheme?: "light" | "dark";
  readonly viewport?: { readonly width: number; readonly height: number };
}
export interface Browser {
  newContext(options?: ContextOptions): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
  close(): Promise<void>;
}
interface Playwright {
  readonly chromium: { launch(options: { readonly executablePath: string; readonly args: readonly string[] }): Promise<Browser> };
}

const ARGUMENTS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export function launchChromium(): Promise<Browser> {
  const name = "playwright-core";
  const { chromium } = createRequire(import.meta.url)(name) as Playwright;
  return chromium.launch({ executablePath: chromiumPath ?? "", args: ARGUMENTS.split(" ") });
}

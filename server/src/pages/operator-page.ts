/** What an operator sees: who keeps how much here, on which devices, since when. There is no data to see. */
import { html } from "hono/html";
import { page, type Html } from "./page.ts";

export interface OperatorSignInView {
  readonly action: string;
  readonly formToken: string;
  readonly isWrong: boolean;
}

export const operatorSignInPage = ({ action, formToken, isWrong }: OperatorSignInView): Html =>
  page(
    isWrong ? "Error: operator's sign-in" : "Operator's sign-in",
    html`<form method="post" action="${action}">
      <input type="hidden" name="form_token" value="${formToken}" />
      <label for="token">Operator's token</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="current-password"
        required
        autofocus
        ${isWrong ? html`aria-invalid="true" aria-describedby="wrong"` : ""}
      />
      ${isWrong ? html`<p class="wrong" id="wrong" role="alert">This is not the token.</p>` : ""}
      <div class="buttons"><button class="main" type="submit">Sign in</button></div>
    </form>`,
  );

interface Column {
  readonly heading: string;
  readonly isNumber?: true;
}

export interface Cell {
  readonly text: string;
  /** On this server. */
  readonly href?: string;
}

export interface OperatorTableView {
  readonly title: string;
  /** Over the table. */
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell names its row. */
  readonly rows: readonly (readonly Cell[])[];
  readonly links: readonly { readonly href: string; readonly label: string }[];
  readonly signOutAction: string;
  readonly formToken: string;
}

export function operatorTablePage({ title, caption, columns, rows, links, signOutAction, formToken }: OperatorTableView): Html {
  const shown = ({ text, href }: Cell): Html | string => (href === undefined ? text : html`<a href="${href}">${text}</a>`);
  const cell = (each: Cell, column: number): Html =>
    column === 0
      ? html`<th scope="row">${shown(each)}</th>`
      : html`<td${columns[column]?.isNumber === true ? html` class="number"` : ""}>${shown(each)}</td>`;
  return page(
    title,
    html`<div class="scroll" role="region" aria-labelledby="caption" tabindex="0">
        <table>
          <caption id="caption">
            ${caption}
          </caption>
          <thead>
            <tr>
              ${columns.map(({ heading, isNumber }) => html`<th scope="col" ${isNumber === true ? html` class="number"` : ""}>${heading}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  ${row.map(cell)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${links.length === 0 ? "" : html`<nav aria-label="Pages">${links.map(({ href, label }) => html`<p><a href="${href}">${label}</a></p>`)}</nav>`}
      <form method="post" action="${signOutAction}">
        <input type="hidden" name="form_token" value="${formToken}" />
        <p><button class="link" type="submit">Sign out</button></p>
      </form>`,
    "wide",
  );
}

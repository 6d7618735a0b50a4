/** When and how the report is coloured. The words are the same without. */

export interface Palette {
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const plain = (text: string): string => text;
const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;

export const NO_COLOR: Palette = { red: plain, yellow: plain, green: plain, bold: plain, dim: plain };
const COLOR: Palette = { red: sgr(31, 39), yellow: sgr(33, 39), green: sgr(32, 39), bold: sgr(1, 22), dim: sgr(2, 22) };

/** The flag wins, then NO_COLOR, then FORCE_COLOR, then whether anybody watches. */
export function choosePalette(flag: boolean | undefined, env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): Palette {
  if (flag !== undefined) return flag ? COLOR : NO_COLOR;
  if (isSet(env["NO_COLOR"])) return NO_COLOR;
  if (isSet(env["FORCE_COLOR"])) return env["FORCE_COLOR"] === "0" || env["FORCE_COLOR"] === "false" ? NO_COLOR : COLOR;
  return isTerminal && env["TERM"] !== "dumb" ? COLOR : NO_COLOR;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "";

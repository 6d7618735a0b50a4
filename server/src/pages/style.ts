/** How the pages look: one column from 320 pixels on, the system's font, its light or dark colours. */

interface Colours {
  readonly page: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly wrong: string;
}

/** Every text on its ground has a contrast of 4.5 at least, every line of 3; a test computes them. */
export const COLOURS: { readonly light: Colours; readonly dark: Colours } = {
  light: { page: "#ffffff", text: "#1b1b1f", quiet: "#55565c", line: "#777880", accent: "#0b57c4", onAccent: "#ffffff", wrong: "#b3121d" },
  dark: { page: "#16171a", text: "#ececf0", quiet: "#b4b5bd", line: "#8b8c95", accent: "#9cc2ff", onAccent: "#0a1a33", wrong: "#ff9d97" },
};

const variables = (colours: Colours): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value as string}`)
    .join(";");

export const STYLE = `
:root{${variables(COLOURS.light)};color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${variables(COLOURS.dark)}}}
*{box-sizing:border-box}
body{margin:0;padding:1rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{max-width:26rem;margin:6vh auto 0;overflow-wrap:anywhere}
.wide{max-width:64rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;overflow-wrap:normal}
caption{text-align:left;color:var(--quiet);padding-bottom:.5rem}
th,td{padding:.375rem .75rem;text-align:left;border-bottom:1px solid var(--line)}
tbody th{font-weight:400}
.number{text-align:right;font-variant-numeric:tabular-nums}
h2{font-size:1.125rem;margin:2rem 0 .5rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
label{display:block;font-weight:600;margin-top:1rem}
input{display:block;width:100%;margin-top:.25rem;padding:.625rem .75rem;border:1px solid var(--line);border-radius:.375rem;
background:var(--page);color:var(--text);font:inherit}
input[aria-invalid=true]{border-color:var(--wrong)}
.wrong{color:var(--wrong);margin:.25rem 0 0}
.quiet{color:var(--quiet)}
.buttons{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button{flex:1 1 8rem;min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--accent);border-radius:.375rem;
background:var(--page);color:var(--accent);font:inherit;font-weight:600;cursor:pointer}
button.main{background:var(--accent);color:var(--onAccent)}
button.link{flex:none;min-height:1.5rem;padding:0;border:0;background:none;font-weight:400;text-decoration:underline}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
li{margin:.25rem 0}
@media (forced-colors:active){button.main{border-width:3px}}
`;

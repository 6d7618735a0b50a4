/** The look of the SVG: one set of rules, and two sets of colours. */

const COLORS = {
  light: {
    page: "#ffffff",
    ink: "#1c2430",
    dim: "#5f6b7a",
    box: "#f1f5fd",
    line: "#4873c9",
    update: "#fff6e3",
    updateLine: "#b9801c",
    plain: "#fafafa",
    plainLine: "#98a0ab",
    cycle: "#c02a86",
    cascade: "#c2452f",
    setNull: "#a8720c",
    restrict: "#6f4fb8",
    noAction: "#76808d",
  },
  dark: {
    page: "#14181f",
    ink: "#e6eaf0",
    dim: "#9aa6b5",
    box: "#1d2738",
    line: "#6c97ea",
    update: "#2e2617",
    updateLine: "#d9a441",
    plain: "#1a1e25",
    plainLine: "#6c7683",
    cycle: "#ef6bb8",
    cascade: "#f08a74",
    setNull: "#e0b04e",
    restrict: "#b49af0",
    noAction: "#8d98a6",
  },
} as const;

const variables = (colors: Readonly<Record<string, string>>): string =>
  Object.entries(colors)
    .map(([name, color]) => `--${name}:${color}`)
    .join(";");

const EDGES = { cascade: "cascade", "set-null": "setNull", restrict: "restrict", "no-action": "noAction", "in-cycle": "cycle" } as const;

export const svgStyle = [
  `svg{${variables(COLORS.light)};font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}`,
  `@media(prefers-color-scheme:dark){svg{${variables(COLORS.dark)}}}`,
  ".page{fill:var(--page)}",
  ".title{font-size:20px;font-weight:650;fill:var(--ink)}",
  ".note,.facts{font-size:11px;fill:var(--dim)}",
  ".name{font-size:13.5px;font-weight:600;fill:var(--ink)}",
  ".order{font-size:11px;fill:var(--dim);text-anchor:end;font-variant-numeric:tabular-nums}",
  ".table rect{fill:var(--box);stroke:var(--line);stroke-width:1.3}",
  ".update rect{fill:var(--update);stroke:var(--updateLine)}",
  ".unsynced rect{fill:var(--plain);stroke:var(--plainLine);stroke-dasharray:5 4}",
  ".cycle rect{stroke:var(--cycle);stroke-width:2.4}",
  ".edge{fill:none;stroke-width:1.5;stroke-linecap:round}",
  ".loose{stroke-dasharray:5 4}",
  ".label{font-size:9.5px;paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}",
  ...Object.entries(EDGES).map(
    ([kind, color]) => `.edge.${kind}{stroke:var(--${color})}.label.${kind},.head.${kind}{fill:var(--${color})}`,
  ),
  ".edge.in-cycle{stroke-width:2.2}",
  ".edge:hover{stroke-width:3.4}",
].join("");

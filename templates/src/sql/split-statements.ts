/**
 * SQL text to statements, as `sqlite3_complete` finds their ends: a semicolon ends a statement unless it stands in a
 * text, a quoted name, a comment, or the body of a trigger, which ends with `END;`. Migrations of a thousand tables
 * have ten megabytes, so where words mean nothing they are skipped rather than read.
 */

const COMMENT_OR_QUOTED = String.raw`--[^\n]*|/\*[\s\S]*?(?:\*/|$)|'[^']*(?:''[^']*)*(?:'|$)|"[^"]*(?:""[^"]*)*(?:"|$)|${"`[^`]*(?:``[^`]*)*(?:`|$)"}|\[[^\]]*(?:\]|$)`;
const TOKEN = new RegExp(String.raw`${COMMENT_OR_QUOTED}|[\p{ID_Start}_][\p{ID_Continue}$]*|;|\s+|[^]`, "uy");
const SEMICOLON = new RegExp(`${COMMENT_OR_QUOTED}|;`, "gu");

/** Where the reading of a statement stands, as far as triggers are concerned. */
type State = "start" | "create" | "other" | "body" | "end";

/** Without the closing semicolons; comments before a statement are left out, those inside it stay. */
export function splitStatements(sql: string): readonly string[] {
  const statements: string[] = [];
  let start: number | null = null;
  let state: State = "start";
  for (let at = 0; at < sql.length;) {
    const isSkipping = state === "other" || state === "body";
    const pattern = isSkipping ? SEMICOLON : TOKEN;
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found === null) break;
    const [token] = found;
    at = found.index + token.length;
    if (isSkipping ? token !== ";" : /^(?:\s|--|\/\*)/u.test(token)) continue;

    if (token === ";" && state !== "body") {
      if (start !== null) statements.push(sql.slice(start, found.index).trimEnd());
      [start, state] = [null, "start"];
      continue;
    }
    start ??= found.index;
    state = nextState(state, token.toUpperCase());
  }
  if (start !== null) statements.push(sql.slice(start).trimEnd());
  return statements;
}

function nextState(state: State, word: string): State {
  switch (state) {
    case "start":
      return word === "CREATE" ? "create" : "other";
    case "create":
      if (word === "TEMP" || word === "TEMPORARY") return "create";
      return word === "TRIGGER" ? "body" : "other";
    case "body":
      // Only the END of the trigger itself stands before a semicolon as a statement of its own; that of a CASE is followed by more.
      return word === ";" ? "end" : "body";
    case "end":
      return word === "END" ? "other" : "body";
    case "other":
      return "other";
  }
}

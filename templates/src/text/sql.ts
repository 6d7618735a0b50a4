/**
 * SQL text: every name quoted, every literal escaped. Any identifier SQLite accepts may come in
 * (quotes, spaces, keywords, Unicode), so nothing here trusts a name.
 */

/** `my "table"` → `"my ""table"""`. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `it's` → `'it''s'`. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const quoteNames = (names: readonly string[]): string => names.map(quoteName).join(", ");

/** A name inside a comment: nothing in it can end the comment or the line. */
export const commentText = (text: string): string => text.replaceAll("*/", "* /").replaceAll(/[\p{Cc}\u2028\u2029]/gu, " ");

/** Indents every line but the first. A line break inside a quoted name or text belongs to it and stays as it is. */
export const indent = (sql: string, by: string): string =>
  sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\n/g, (token) => (token === "\n" ? `\n${by}` : token));

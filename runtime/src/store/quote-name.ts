/** A table's or column's name as SQL spells it, whatever is in it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** As a literal of SQL. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

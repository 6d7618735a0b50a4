/** TypeScript text: keys, literals and comments that stay valid for any SQL name. */

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const NEVER_BARE = "__proto__"; // as a bare or quoted key it sets the prototype of an object literal

/** A member of an object literal. */
export function propertyKey(name: string): string {
  if (name === NEVER_BARE) return `[${stringLiteral(name)}]`;
  return IDENTIFIER.test(name) ? name : stringLiteral(name);
}

/** A member of an interface, where `__proto__` is an ordinary name. */
export const memberKey = (name: string): string => (IDENTIFIER.test(name) ? name : stringLiteral(name));

/** JSON escapes all that a string literal must not hold, lone surrogates and control characters included. */
export const stringLiteral = (text: string): string =>
  JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029").replaceAll("\u007f", "\\u007f");

export const stringList = (texts: readonly string[]): string => `[${texts.map(stringLiteral).join(", ")}]`;

/** The inside of a template literal. A raw carriage return would be read back as a line feed. */
export const templateText = (text: string): string =>
  !/[\\`\r]|\$\{/u.test(text)
    ? text
    : text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${").replaceAll("\r", "\\r");

export const templateLiteral = (text: string): string => `\`${templateText(text)}\``;

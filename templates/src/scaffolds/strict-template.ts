/** Handlebars over a typed view: the output is code, so nothing is escaped, and whatever the view lacks is an error. */
import Handlebars from "handlebars";

/**
 * Compiles a template. Handlebars' own `strict` lets `if` and `each` pass over a missing name in silence, so they are
 * replaced; `json` writes a value as JSON.
 */
export function strictTemplate(text: string): (view: object) => string {
  const { each: eachItem, if: ifTrue } = Handlebars.helpers as Readonly<Record<"each" | "if", Handlebars.HelperDelegate>>;
  const strict = Handlebars.create();
  strict.registerHelper("each", function (this: unknown, items: unknown, options: unknown): unknown {
    if (!Array.isArray(items)) throw new TypeError("each: the view has no such list");
    return eachItem.call(this, items, options);
  });
  strict.registerHelper("if", function (this: unknown, test: unknown, options: unknown): unknown {
    if (typeof test !== "boolean") throw new TypeError("if: the view has no such flag");
    return ifTrue.call(this, test, options);
  });
  strict.registerHelper("json", (value: unknown): string => {
    if (value === undefined) throw new TypeError("json: the view has no such value");
    return JSON.stringify(value);
  });
  const knownHelpers = { json: true };
  const render = strict.compile<object>(text, { strict: true, noEscape: true, knownHelpersOnly: true, knownHelpers });
  return (view) => render(view);
}

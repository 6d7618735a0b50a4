/** Names of a new app, made from what its author typed. */

/** What a `package.json` takes: lower case, no spaces, no leading dot or underscore. */
export function packageName(app: string): string {
  const name = app
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/gu, "-")
    .replaceAll(/^[-._]+|[-._]+$/gu, "");
  return name === "" ? "app" : name;
}

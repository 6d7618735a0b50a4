/** Entry point `@synckit-gen/templates/scaffolds`: templates of new apps, for `synckit-gen new`. Only it loads Handlebars. */
export { parseManifest, renderScaffold, scaffoldDependencies, scaffoldsFolder } from "./scaffolds/scaffold.ts";
export type { ScaffoldFile, ScaffoldManifest, ScaffoldView } from "./scaffolds/scaffold.ts";

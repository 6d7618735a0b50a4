/** Entry point `synckit-gen/plugin`: the generator as a plugin of a build tool. */
export { synckit } from "./plugin/plugin.ts";
export type { SynckitPlugins } from "./plugin/plugin.ts";
export type { SynckitOptions } from "./plugin/keeper.ts";

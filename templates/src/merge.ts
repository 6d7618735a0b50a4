/** Entry point `@synckit-gen/templates/merge`: loaded only when an edited file meets a new version, since it costs a compiler. */
export { canMerge, mergeSource } from "./merge/merge-source.ts";
export type { Merged, MergeRequest, Unmergeable } from "./merge/merge-source.ts";

/** Emits both sides of sync over HTTP on one computer: the handler of the app, and its page. What they do is in the runtime; here it meets the app's commands. */
import { defineEmitter, type EmitContext } from "@synckit-gen/schemas/model";
import { tsHeader } from "../text/header.ts";

export const emitter = defineEmitter({
  name: "http",
  summary: "Commands and events for a page in a browser on the same computer (`--with http`)",
  emit: (_model, context) => [
    { path: "http/handler.ts", text: handler(context), ownership: "generated" },
    { path: "http/page.ts", text: page(context), ownership: "generated" },
  ],
});

const handler = (context: EmitContext): string =>
  `${tsHeader(context, "For the app's server on this computer: a handler from Request to Response.")}import { type HttpBindingOptions, httpHandler } from "@synckit-gen/runtime/bindings-v1";
import type { Sync } from "@synckit-gen/runtime/generated-v1";
import { commands } from "../commands${context.importSuffix}";

/** Null where the path is not the handler's. The token keeps other pages of the browser out. */
export const syncHandler = (sync: Sync, options: HttpBindingOptions) => httpHandler(sync, commands, options);
`;

const page = (context: EmitContext): string =>
  `${tsHeader(context, "For the page: the app's commands as functions, typed.")}import { httpCommands } from "@synckit-gen/runtime/bindings-v1";
import type { commands } from "../commands${context.importSuffix}";

/** \`await connectSync("/sync", token).sync_now()\`. */
export const connectSync = (path: string, token: string) => httpCommands<typeof commands>(path, token);
`;

/** Emits an Electron app's three sides of sync: main process, preload script, page. What they do is in the runtime; here it meets the app's commands. */
import { defineEmitter, type EmitContext } from "@synckit-gen/schemas/model";
import { tsHeader } from "../text/header.ts";

export const emitter = defineEmitter({
  name: "electron",
  summary: "Commands and events between an Electron app's main process and its windows (`--with electron`)",
  emit: (_model, context) => [
    { path: "electron/main.ts", text: main(context), ownership: "generated" },
    { path: "electron/page.ts", text: page(context), ownership: "generated" },
    { path: "electron/preload.ts", text: preload(context), ownership: "generated" },
  ],
});

const main = (context: EmitContext): string =>
  `${tsHeader(context, "For the main process, where the database is: answers the app's windows.")}import { type InvokeEvent, type IpcMain, serveWindows, type ServeWindowsOptions } from "@synckit-gen/runtime/bindings-v1";
import type { Sync } from "@synckit-gen/runtime/generated-v1";
import { commands } from "../commands${context.importSuffix}";

/** Once, after \`createSync\`: \`serveSync(ipcMain, sync, { isTrusted: (url) => url.startsWith("app://") })\`. Returns what ends it. */
export const serveSync = <Event extends InvokeEvent>(ipcMain: IpcMain<Event>, sync: Sync, options: ServeWindowsOptions) =>
  serveWindows(ipcMain, sync, commands, options);
`;

const preload = (context: EmitContext): string =>
  `${tsHeader(context, "The preload script, or a part of yours: lets a page call commands and hear events, and nothing else.")}import { contextBridge, ipcRenderer } from "electron";
import { exposeSync } from "@synckit-gen/runtime/bindings-v1";

exposeSync(contextBridge, ipcRenderer);
`;

const page = (context: EmitContext): string =>
  `${tsHeader(context, "For a window's page: the app's commands as functions, typed.")}import { windowSync } from "@synckit-gen/runtime/bindings-v1";
import type { SyncEvent } from "@synckit-gen/runtime/generated-v1";
import type { commands } from "../commands${context.importSuffix}";

/** \`const { commands, onEvent } = connectSync()\`, and then \`await commands.sync_now()\`. */
export const connectSync = () => windowSync<typeof commands, SyncEvent>();
`;

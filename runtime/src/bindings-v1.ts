/** Entry point for generated bindings, version 1: small enough for a preload script and a page. */
export { exposeSync, serveWindows, windowSync } from "./bindings/electron.ts";
export type { Bridge, ContextBridge, InvokeEvent, IpcMain, IpcRenderer, ServeWindowsOptions, WindowSync } from "./bindings/electron.ts";
export { httpCommands, httpHandler } from "./bindings/http.ts";
export type { HttpBindingOptions } from "./bindings/http.ts";
export { CommandError } from "./bindings/invoke.ts";
export type { Answer, Command, Commands, Problem, Remote } from "./bindings/invoke.ts";

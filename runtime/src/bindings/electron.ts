/**
 * Commands and events between an Electron app's main process, where the database is, and its windows. One channel
 * each way: the main process knows the commands, so a window can call nothing else. Electron's own objects are
 * passed in; nothing here imports it, and each half loads in its own process.
 */
import type { EventStream, Unsubscribe } from "../events/event-stream.ts";
import { answer, remoteCommands, type Answer, type Commands, type Remote } from "./invoke.ts";

const COMMAND = "synckit:command";
const EVENT = "synckit:event";
const LISTEN = "synckit:listen";
/** What `exposeSync` calls itself in a window. */
const BRIDGE = "synckit";

// Main process -----------------------------------------------------------------------------------

interface Frame {
  readonly url: string;
}

/** What is used of Electron's `IpcMainInvokeEvent`. */
export interface InvokeEvent {
  readonly senderFrame: Frame | null;
  readonly sender: {
    readonly isDestroyed: () => boolean;
    readonly send: (channel: string, ...values: unknown[]) => void;
    readonly once: (event: "destroyed", listener: () => void) => unknown;
  };
}

/** What is used of Electron's `ipcMain`. */
export interface IpcMain<Event extends InvokeEvent = InvokeEvent> {
  readonly handle: (channel: string, listener: (event: Event, ...values: unknown[]) => unknown) => void;
  readonly removeHandler: (channel: string) => void;
}

export interface ServeWindowsOptions {
  /** Which pages may call: the address of the frame that asks. A window that shows foreign pages must not sync. */
  readonly isTrusted: (url: string) => boolean;
}

/** Answers the windows of this app. Returns what ends it. */
export function serveWindows<Sync extends { readonly events: EventStream<unknown> }, Event extends InvokeEvent>(
  ipcMain: IpcMain<Event>,
  sync: Sync,
  commands: Commands<Sync>,
  { isTrusted }: ServeWindowsOptions,
): Unsubscribe {
  const listening = new Map<Event["sender"], Unsubscribe>();
  const isAllowed = (event: Event): boolean => event.senderFrame !== null && isTrusted(event.senderFrame.url);
  const refused: Answer = {
    ok: false,
    error: { code: "command/forbidden", message: "This page may not call commands.", retryable: false },
  };

  ipcMain.handle(COMMAND, (event, name, values) => (isAllowed(event) ? answer(sync, commands, name, values) : refused));
  ipcMain.handle(LISTEN, (event) => {
    const { sender } = event;
    if (!isAllowed(event)) return;
    listening.get(sender)?.(); // a page that was loaded again
    const unsubscribe = sync.events.subscribe((told) => {
      if (!sender.isDestroyed()) sender.send(EVENT, told);
    });
    listening.set(sender, unsubscribe);
    sender.once("destroyed", () => {
      listening.get(sender)?.();
      listening.delete(sender);
    });
  });

  return () => {
    ipcMain.removeHandler(COMMAND);
    ipcMain.removeHandler(LISTEN);
    for (const unsubscribe of listening.values()) unsubscribe();
    listening.clear();
  };
}

// Preload script ---------------------------------------------------------------------------------

/** What is used of Electron's `ipcRenderer`. */
export interface IpcRenderer {
  readonly invoke: (channel: string, ...values: unknown[]) => Promise<unknown>;
  readonly on: (channel: string, listener: (event: unknown, ...values: unknown[]) => void) => unknown;
}

/** What is used of Electron's `contextBridge`. */
export interface ContextBridge {
  readonly exposeInMainWorld: (key: string, api: unknown) => void;
}

/** What a window's page sees of the preload script: plain functions, as the bridge wants them. */
export interface Bridge {
  readonly call: (name: string, values: readonly unknown[]) => Promise<Answer>;
  readonly listen: (listener: (event: unknown) => void) => void;
}

/** For the preload script: lets the page call commands and hear events, and nothing else of Electron. */
export function exposeSync(contextBridge: ContextBridge, ipcRenderer: IpcRenderer): void {
  const listeners = new Set<(event: unknown) => void>();
  ipcRenderer.on(EVENT, (_event: unknown, told: unknown) => {
    for (const listener of listeners) listener(told);
  });
  const bridge: Bridge = {
    call: (name, values) => ipcRenderer.invoke(COMMAND, name, values) as Promise<Answer>,
    listen(listener) {
      listeners.add(listener);
      void ipcRenderer.invoke(LISTEN); // the main process begins with the latest of each kind
    },
  };
  contextBridge.exposeInMainWorld(BRIDGE, bridge);
}

// A window's page --------------------------------------------------------------------------------

export interface WindowSync<Table, Event> {
  readonly commands: Remote<Table>;
  /** Calls `listener` with the latest event of each kind, then with each new one. For as long as the page lives. */
  readonly onEvent: (listener: (event: Event) => void) => void;
}

/** For a page: the commands as functions. Throws where the preload script did not run. */
export function windowSync<Table, Event>(page: unknown = globalThis): WindowSync<Table, Event> {
  const bridge = (page as Readonly<Record<string, Bridge | undefined>>)[BRIDGE];
  if (bridge === undefined) throw new Error("windowSync: there is no bridge; the window's preload script has to call exposeSync");
  return {
    commands: remoteCommands<Table>(bridge.call),
    onEvent: (listener) => bridge.listen((event) => listener(event as Event)),
  };
}

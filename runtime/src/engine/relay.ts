/** What the engine needs of a server: entries in the clear go in and come out, sealed and opened on the way. */
import type { SyncKitClient } from "../client/client.ts";

export type Relay = Pick<SyncKitClient, "pushPayloads" | "pullPayloads"> & Partial<Pick<SyncKitClient, "status">>;

export type PulledPage = Awaited<ReturnType<Relay["pullPayloads"]>>;

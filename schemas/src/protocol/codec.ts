/**
 * The only module that spells the wire's member names, in rooms by concern: `codec/` is part of it, and is entered here alone.
 * Several names are inferred or chosen where the public description is silent (docs/protocol.md marks each), so a correction
 * from a live server is a change of this module and of `schemas/vectors/wire.json`, nothing else.
 *
 * Readers ignore members they do not know and refuse wrong types with `WireError`.
 */
export * from "./codec/blobs.ts";
export * from "./codec/changes.ts";
export * from "./codec/devices.ts";
export * from "./codec/digests.ts";
export * from "./codec/endpoints.ts";
export * from "./codec/errors.ts";
export * from "./codec/keys.ts";
export * from "./codec/notices.ts";
export * from "./codec/sessions.ts";
export * from "./codec/snapshots.ts";
export * from "./codec/wire-error.ts";

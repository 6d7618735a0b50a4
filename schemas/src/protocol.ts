/** Entry point `@synckit-gen/schemas/protocol`: wire types, their codec, values, time, limits. */
export { base64ToBytes, bytesToBase64 } from "./protocol/base64.ts";
export * as codec from "./protocol/codec.ts";
export { UnknownEnvelopeError, WireError } from "./protocol/codec.ts";
export { EXTENSIONS } from "./protocol/extensions.ts";
export type { ExtensionName } from "./protocol/extensions.ts";
export * as limits from "./protocol/limits.ts";
export type { Platform } from "./protocol/limits.ts";
export { CHANGE_OPS, RESERVED_MEMBER } from "./protocol/payload.ts";
export type { ChangeOp, ReservedMember } from "./protocol/payload.ts";
export { rowIdOf, rowIdToSql, rowIdToWire } from "./protocol/row-id.ts";
export type { IdentityColumn } from "./protocol/row-id.ts";
export { stampToTimestamp, timestampToStamp } from "./protocol/time.ts";
export { hexToBytes, isTextLike, ValueError, wireToSql } from "./protocol/value.ts";
export type { SqlValue, WireValue } from "./protocol/value.ts";
export type * from "./protocol/wire.ts";

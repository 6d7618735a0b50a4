/**
 * Argon2id in this thread. hash-wasm and not libsodium: the key envelope has a 32-byte salt, and libsodium's
 * `crypto_pwhash` takes 16 bytes only.
 */
import { argon2id as hashWasmArgon2id } from "hash-wasm";

export interface Argon2idRequest {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  /** Bytes wanted. */
  readonly length: number;
}

/** Argon2id version 0x13, RFC 9106. */
export type Argon2id = (request: Argon2idRequest) => Promise<Uint8Array>;

/** Blocks the thread for the whole computation: some 0.2 s with the envelope's parameters. */
export const argon2idInline: Argon2id = (request) =>
  hashWasmArgon2id({
    password: request.password,
    salt: request.salt,
    memorySize: request.memoryKib,
    iterations: request.passes,
    parallelism: request.lanes,
    hashLength: request.length,
    outputType: "binary",
  });

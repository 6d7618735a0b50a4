/**
 * Seals and opens files (docs/crypto.md, "Blobs"). Two forms: whole, as every SyncKit client reads it, which takes as much
 * memory as the file; and in chunks, which takes a few hundred KiB whatever the file's size. The first bytes tell them apart.
 */
import { DecryptionError, SyncError } from "../client/errors.ts";
import type { RandomSource } from "../client/ports.ts";
import { ByteReader } from "./byte-reader.ts";
import { NONCE_BYTES } from "./nonce-pool.ts";
import { Secret } from "./secret.ts";
import type { Sodium } from "./sodium.ts";

const TAG_BYTES = 16;
/** "SKBLOB", then the version of the form as two bytes. */
const MAGIC = Uint8Array.of(0x53, 0x4b, 0x42, 0x4c, 0x4f, 0x42, 0x00, 0x01);
const PREFIX_BYTES = 16;
const HEADER_BYTES = MAGIC.length + PREFIX_BYTES;
/** Plaintext of each chunk but the last. Part of the format. */
export const CHUNK_BYTES = 256 * 1024;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** Key derivation context of the chunks' key: eight characters, as libsodium wants them. Part of the format. */
const BLOB_KEY_CONTEXT = "skblobs1";

export type BlobForm = "whole" | "chunks";
export type Bytes = AsyncIterable<Uint8Array>;

export interface BlobCipher {
  /** `size`: how many bytes `content` has. Throws `blob/changed` where it has others, before the last are sealed. */
  readonly seal: (form: BlobForm, content: Bytes, size: number) => Bytes;
  /** Either form. Throws `DecryptionError`; what it gave before is then worth nothing. */
  readonly open: (sealed: Bytes) => Bytes;
  readonly destroy: () => void;
}

/** Bytes that `size` bytes come to. */
export const sealedSize = (form: BlobForm, size: number): number =>
  form === "whole" ? NONCE_BYTES + size + TAG_BYTES : HEADER_BYTES + size + TAG_BYTES * Math.max(1, Math.ceil(size / CHUNK_BYTES));

/** Borrows the master key; what is derived from it is destroyed by `destroy`. */
export function createBlobCipher(sodium: Sodium, masterKey: Secret, random: RandomSource): BlobCipher {
  const chunkKey = Secret.of(masterKey.use((key) => sodium.crypto_kdf_derive_from_key(32, 3, BLOB_KEY_CONTEXT, key)));

  const encrypt = (secret: Secret, bytes: Uint8Array, context: Uint8Array | null, nonce: Uint8Array): Uint8Array =>
    secret.use((key) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, context, null, nonce, key));

  function decrypt(secret: Secret, bytes: Uint8Array, context: Uint8Array | null, nonce: Uint8Array): Uint8Array {
    if (bytes.length < TAG_BYTES) throw new DecryptionError("decryption");
    return secret.use((key) => {
      try {
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, bytes, context, nonce, key);
      } catch {
        throw new DecryptionError("decryption"); // libsodium has one opaque error for every refusal
      }
    });
  }

  /** A nonce that looks like the other form's header would be read as one. */
  function wholeNonce(): Uint8Array {
    const nonce = random.bytes(NONCE_BYTES);
    return isMagic(nonce) ? wholeNonce() : nonce;
  }

  async function* sealWhole(content: Bytes, size: number): Bytes {
    const nonce = wholeNonce();
    yield nonce;
    // One more than there should be: content is read to its end, where what checks it has its say.
    const plain = await new ByteReader(content).take(size + 1);
    if (plain.length !== size) throw new SyncError("blob/changed", { detail: "another length" });
    yield encrypt(masterKey, plain, null, nonce);
  }

  async function* sealChunks(content: Bytes, size: number): Bytes {
    const prefix = random.bytes(PREFIX_BYTES);
    yield concat(MAGIC, prefix);
    const reader = new ByteReader(content);
    let chunk = await reader.take(CHUNK_BYTES);
    let read = 0;
    for (let index = 0, isLast = false; !isLast; index++) {
      const next = chunk.length === CHUNK_BYTES ? await reader.take(CHUNK_BYTES) : EMPTY;
      isLast = next.length === 0;
      read += chunk.length;
      if (isLast ? read !== size : read >= size) throw new SyncError("blob/changed", { detail: "another length" });
      yield encrypt(chunkKey, chunk, contextOf(index, isLast), chunkNonce(prefix, index));
      chunk = next;
    }
  }

  async function* openChunks(prefix: Uint8Array, reader: ByteReader): Bytes {
    let chunk = await reader.take(SEALED_CHUNK_BYTES);
    for (let index = 0, isLast = false; !isLast; index++) {
      const next = chunk.length === SEALED_CHUNK_BYTES ? await reader.take(SEALED_CHUNK_BYTES) : EMPTY;
      isLast = next.length === 0;
      yield decrypt(chunkKey, chunk, contextOf(index, isLast), chunkNonce(prefix, index));
      chunk = next;
    }
  }

  return {
    seal: (form, content, size) => (form === "whole" ? sealWhole(content, size) : sealChunks(content, size)),
    async *open(sealed) {
      const reader = new ByteReader(sealed);
      try {
        const head = await reader.take(HEADER_BYTES); // as long as a nonce
        if (head.length < HEADER_BYTES) throw new DecryptionError("decryption");
        if (isMagic(head)) yield* openChunks(head.subarray(MAGIC.length), reader);
        else yield decrypt(masterKey, await takeAll(reader), null, head);
      } finally {
        await reader.close();
      }
    },
    destroy: () => chunkKey.destroy(),
  };
}

const EMPTY = new Uint8Array(0);

const isMagic = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte);

/** The place of a chunk, as it stands in its nonce and in what is authenticated with it. */
function indexBytes(index: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(index), true);
  return bytes;
}

const chunkNonce = (prefix: Uint8Array, index: number): Uint8Array => concat(prefix, indexBytes(index));
const contextOf = (index: number, isLast: boolean): Uint8Array => concat(MAGIC, indexBytes(index), Uint8Array.of(isLast ? 1 : 0));

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function takeAll(reader: ByteReader): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await reader.take(SEALED_CHUNK_BYTES);
    if (part.length === 0) return concat(...parts);
    parts.push(part);
  }
}

/** Standard base64 with padding, without Node: browsers run this too. Readers also take the URL alphabet and missing padding. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CHUNK = 0x8000; // String.fromCharCode takes its bytes as arguments, and engines limit those

interface Base64Native {
  toBase64?: () => string;
}

export function bytesToBase64(bytes: Uint8Array): string {
  if (typeof Buffer !== "undefined") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const native = (bytes as Base64Native).toBase64;
  if (native !== undefined) return native.call(bytes);
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

/** Null: not base64. */
export function base64ToBytes(text: string): Uint8Array | null {
  if (typeof Buffer !== "undefined") return decodeWithBuffer(text);
  const plain = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of plain) {
    held = ((held << 6) | ALPHABET.indexOf(char)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}

/** Buffer skips what is no base64, so that fewer bytes come out than the length promises: a third of the cost of a pattern. */
function decodeWithBuffer(text: string): Uint8Array | null {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === PADDING) end -= 1;
  // It looks at the lower half of a character only, so others than ASCII would pass.
  if (end % 4 === 1 || Buffer.byteLength(text) !== text.length) return null;
  const { buffer, byteOffset, length } = Buffer.from(end === text.length ? text : text.slice(0, end), "base64");
  return length === Math.floor((end * 3) / 4) ? new Uint8Array(buffer, byteOffset, length) : null;
}

const PADDING = 61;

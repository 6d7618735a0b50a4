/** FNV-1a, eight hex digits: tells texts apart, secures nothing. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

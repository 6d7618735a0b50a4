/**
 * A text's UTF-8 in pieces, in a buffer that is used again for each: a thousand tables have texts of fourteen megabytes, and
 * encoding one as a whole, once to hash it and once to write it, takes more time than both and as much memory as the text.
 */

/** In UTF-16 units; a piece and its bytes stay in the processor's cache. */
const PIECE = 131_072;

const encoder = new TextEncoder();
/** A unit has at most three bytes. */
const buffer = new Uint8Array(PIECE * 3);

/** `use` must be done with the bytes when it returns. */
export function eachPiece(text: string, use: (bytes: Uint8Array) => void): void {
  for (let at = 0; at < text.length;) {
    const end = endOfPiece(text, at);
    const { written } = encoder.encodeInto(text.slice(at, end), buffer);
    use(buffer.subarray(0, written));
    at = end;
  }
}

/** Never between the two halves of a character. */
function endOfPiece(text: string, at: number): number {
  const end = at + PIECE;
  if (end >= text.length) return text.length;
  const last = text.charCodeAt(end - 1);
  return last >= 0xd8_00 && last <= 0xdb_ff ? end - 1 : end;
}

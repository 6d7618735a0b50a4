/**
 * A small summary of a set of rows, from two of which the rows that differ can be told without either set: each row is
 * folded by XOR into three cells, so what two sets share cancels out, and a cell left with one row gives it away. Some
 * levels hold all rows, each next one half of them, so that some level has few enough differences whatever their number.
 * Each level chooses its cells anew: two rows in the same three cells hide each other on one level, not on all.
 */

/** A row's identity and content, as 64 bits each in two halves. */
export interface RowHash {
  readonly id: readonly [number, number];
  readonly content: readonly [number, number];
}

/** A row that one set has and the other does not: content included. */
export interface SketchDifference extends RowHash {
  readonly side: "here" | "there";
}

const PARTS = 3;
const CELLS_PER_PART = 6;
/** Count, identity, content, check. */
const WORDS = 6;
const LEVEL_WORDS = PARTS * CELLS_PER_PART * WORDS;
/** Levels with all rows. Two rows share their cells on one in 216 times, on all of them once in ten million. */
const WHOLE_LEVELS = 3;
const MAX_LEVELS = 32;

/** Bytes of one level. */
const LEVEL_BYTES = LEVEL_WORDS * 4;

export class Sketch {
  readonly #levels: Int32Array[] = [];

  add({ id, content }: RowHash): void {
    const deepest = Math.min(WHOLE_LEVELS - 1 + Math.clz32(mix(id[0], id[1], 0)), MAX_LEVELS - 1);
    while (this.#levels.length <= deepest) this.#levels.push(new Int32Array(LEVEL_WORDS));
    for (let level = 0; level <= deepest; level++) fold(this.#levels[level] as Int32Array, level, { id, content }, 1);
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#levels.length * LEVEL_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [level, words] of this.#levels.entries())
      for (const [at, word] of words.entries()) view.setInt32(level * LEVEL_BYTES + at * 4, word, true);
    return bytes;
  }

  /** Null: not what `toBytes` gives. */
  static fromBytes(bytes: Uint8Array): Sketch | null {
    if (bytes.length % LEVEL_BYTES !== 0 || bytes.length > MAX_LEVELS * LEVEL_BYTES) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sketch = new Sketch();
    for (let level = 0; level < bytes.length / LEVEL_BYTES; level++)
      sketch.#levels.push(Int32Array.from({ length: LEVEL_WORDS }, (_, at) => view.getInt32(level * LEVEL_BYTES + at * 4, true)));
    return sketch;
  }

  /** All differences where they are few, else those of the largest share of the rows in which they are; none of equal sets only. */
  differences(there: Sketch): readonly SketchDifference[] {
    let most: readonly SketchDifference[] = [];
    for (let level = 0; level < Math.max(this.#levels.length, there.#levels.length); level++) {
      const left = Int32Array.from({ length: LEVEL_WORDS }, (_, at) => {
        const [mine, theirs] = [this.#levels[level]?.[at] ?? 0, there.#levels[level]?.[at] ?? 0];
        return at % WORDS === 0 ? mine - theirs : mine ^ theirs;
      });
      const { found, isAll } = peel(left, level);
      if (isAll && (found.length > 0 || level === 0)) return found;
      if (found.length > most.length) most = found;
    }
    return most;
  }
}

/** Takes out rows that are alone in a cell, which may leave others alone. */
function peel(cells: Int32Array, level: number): { readonly found: readonly SketchDifference[]; readonly isAll: boolean } {
  const found: SketchDifference[] = [];
  for (let progress = true; progress;) {
    progress = false;
    for (let at = 0; at < LEVEL_WORDS; at += WORDS) {
      const count = cells[at] as number;
      if (count !== 1 && count !== -1) continue;
      const row: RowHash = {
        id: [cells[at + 1] as number, cells[at + 2] as number],
        content: [cells[at + 3] as number, cells[at + 4] as number],
      };
      if (checkOf(row) !== cells[at + 5] || found.length > PARTS * CELLS_PER_PART) continue;
      fold(cells, level, row, -count);
      found.push({ ...row, side: count === 1 ? "here" : "there" });
      progress = true;
    }
  }
  return { found, isAll: cells.every((word) => word === 0) };
}

function fold(cells: Int32Array, level: number, { id, content }: RowHash, count: number): void {
  const check = checkOf({ id, content });
  for (let part = 0; part < PARTS; part++) {
    const cell = (mix(id[0] ^ content[1], id[1] ^ content[0], level * PARTS + part + 1) >>> 0) % CELLS_PER_PART;
    const at = (part * CELLS_PER_PART + cell) * WORDS;
    for (const [word, value] of [count, id[0], id[1], content[0], content[1], check].entries())
      cells[at + word] = word === 0 ? (cells[at] as number) + value : (cells[at + word] as number) ^ value;
  }
}

const checkOf = ({ id, content }: RowHash): number => mix(mix(id[0], id[1], 7), mix(content[0], content[1], 11), 13);

/** Two words and a salt to one word in which each bit depends on all of theirs. */
export function mix(a: number, b: number, salt: number): number {
  let word = Math.imul(a ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
  word = Math.imul(word ^ (word >>> 12), 0x297a2d39);
  return word ^ (word >>> 15);
}

/** 64 bits of a text under a key: for telling rows apart, where nobody chooses them to collide. */
export function hashText(text: string, key: readonly [number, number]): readonly [number, number] {
  let [a, b] = key;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at); // units, not characters: every text has them
    a = Math.imul(a ^ unit, 0x01000193) ^ (a >>> 13);
    b = Math.imul(b + unit, 0x5bd1e995) ^ (b >>> 15);
  }
  return [mix(a, b, text.length), mix(b, a, ~text.length)];
}

/**
 * Bytes that must not be printed, and that can be forgotten. Every way of turning it into text gives
 * `<secret>`. Forgetting is best effort: a garbage collector may have moved the bytes before.
 */

const SHOWN = "<secret>";

export class Secret {
  #bytes: Uint8Array | null;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the array over: nobody else may keep it. */
  static of(bytes: Uint8Array): Secret {
    return new Secret(bytes);
  }

  get length(): number {
    return this.#alive().length;
  }

  /** Lends the bytes for one call. They must not be kept. */
  use<T>(work: (bytes: Uint8Array) => T): T {
    return work(this.#alive());
  }

  /** Another secret with the same bytes, to be destroyed on its own. */
  copy(): Secret {
    return Secret.of(new Uint8Array(this.#alive()));
  }

  /** Zeroes the bytes. Using them afterwards throws. */
  destroy(): void {
    this.#bytes?.fill(0);
    this.#bytes = null;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }

  #alive(): Uint8Array {
    if (this.#bytes === null) throw new Error("Secret: used after destroy()");
    return this.#bytes;
  }
}

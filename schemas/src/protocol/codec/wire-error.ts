/** What the codec throws: by these, a broken reply is told from a broken program. */

/** A request or reply that does not have the agreed shape. Names the member, never its value. */
export class WireError extends Error {
  override readonly name: string = "WireError";
}

/** A key envelope that is whole, but of a version, algorithm or cost that this client does not compute. */
export class UnknownEnvelopeError extends WireError {
  override readonly name = "UnknownEnvelopeError";
}

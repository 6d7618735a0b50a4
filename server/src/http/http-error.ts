/** A refusal: its status and the one sentence that the caller is told. */

export type RefusalStatus = 400 | 401 | 402 | 403 | 404 | 408 | 409 | 413 | 422 | 429 | 503;

/** Of a 402: what is used up, and for which billing slot. */
export interface RefusalDetails {
  readonly dimension?: string;
  readonly key?: string;
}

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: RefusalStatus;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly details: RefusalDetails;

  constructor(status: RefusalStatus, message: string, headers: Readonly<Record<string, string>> = {}, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.details = details;
  }
}

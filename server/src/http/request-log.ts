/** What the server says about its work. Never a body, a header, a token or a query. */

export type LogRecord =
  | (Asked & { readonly kind: "request"; readonly status: number; readonly ms: number })
  /** Our fault: answered with 500 and a text that says nothing, or with 503. */
  | (Asked & { readonly kind: "failure"; readonly error: Error });

interface Asked {
  /** As in the answer's `X-Request-Id`; null: nobody asked. */
  readonly id: string | null;
  readonly method: string;
  /** The endpoint's pattern: paths may hold ids. Of a path that no endpoint has, the path. */
  readonly path: string;
}

export type Logger = (record: LogRecord) => void;

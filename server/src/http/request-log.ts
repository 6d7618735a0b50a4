/** What the server says about its work. Never a body, a header, a token or a query. */

export type LogRecord =
  | { readonly kind: "request"; readonly method: string; readonly path: string; readonly status: number; readonly ms: number }
  /** Our fault: answered with 500 and a text that says nothing. */
  | { readonly kind: "failure"; readonly method: string; readonly path: string; readonly error: Error };

export type Logger = (record: LogRecord) => void;

/** One line of text for a person. */
export function formatLogRecord(record: LogRecord): string {
  if (record.kind === "request") return `${record.method} ${record.path} ${record.status} ${record.ms.toFixed(1)} ms`;
  return `${record.method} ${record.path} failed: ${record.error.stack ?? record.error.message}`;
}

/** One line of JSON for a program. */
export function logRecordToJson(record: LogRecord): string {
  if (record.kind === "request") return JSON.stringify({ ...record, ms: Number(record.ms.toFixed(1)) });
  return JSON.stringify({ ...record, error: record.error.stack ?? record.error.message });
}

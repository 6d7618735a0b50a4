/** Log records as lines on standard error: for a person, or as JSON for programs. */
import pino from "pino";
import type { Logger, LogRecord } from "../http/request-log.ts";

export const LOG_LEVELS = ["silent", "error", "warn", "info"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly isJson: boolean;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
}

export function createLogger({ level, isJson, write = (line) => void process.stderr.write(line) }: LogOptions): Logger {
  if (!isJson) {
    return (record) => {
      if (LOG_LEVELS.indexOf(levelOf(record)) <= LOG_LEVELS.indexOf(level)) write(`${lineOf(record)}\n`);
    };
  }
  const log = pino(
    {
      level,
      // Neither process id nor host name: whoever collects lines knows where they come from.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return (record) => {
    if (record.kind === "request") log[levelOf(record)]({ ...record, ms: Number(record.ms.toFixed(1)) });
    else log.error({ ...record, error: stackOf(record.error) });
  };
}

/** A request that failed has a line of its own for why. */
function levelOf(record: LogRecord): "error" | "warn" | "info" {
  if (record.kind === "failure") return "error";
  return record.status >= 500 ? "warn" : "info";
}

function lineOf(record: LogRecord): string {
  const { method, path } = record;
  if (record.kind === "request") return `${method} ${path} ${record.status} ${record.ms.toFixed(1)} ms`;
  return `${method} ${path} failed${record.id === null ? "" : ` (request ${record.id})`}: ${stackOf(record.error)}`;
}

/** With what lies behind it: a store that cannot be reached says why there. */
function stackOf({ stack, message, cause }: Error): string {
  return `${stack ?? message}${cause instanceof Error ? `\ncaused by ${cause.stack ?? cause.message}` : ""}`;
}

/** A line in the terminal while a device syncs, from `sync.events`; it goes when the cycle ends. Nothing where nobody watches. */
import type { Sync, SyncEvent } from "@synckit-gen/runtime";

const WIDTH = 24;

export interface Terminal {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

/** Stops when the function that it returns is called. */
export function showProgress(name: string, { events }: Pick<Sync, "events">, terminal: Terminal = process.stderr): () => void {
  return events.subscribe((event) => {
    if (!terminal.isTTY) return;
    if (event.kind === "progress") terminal.write(`\r\u001B[K   ${name} ${barOf(event)}`);
    if (event.kind === "finished" || event.kind === "failed") terminal.write("\r\u001B[K");
  });
}

/** `push ████████████░░░░░░░░░░░░ 4 of 8 entries`; without a bar where the total is not known. */
export function barOf({ phase, unit, done, total }: Extract<SyncEvent, { kind: "progress" }>): string {
  if (total === null) return `${phase} ${done} ${unit}`;
  const full = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
  return `${phase} ${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${done} of ${total} ${unit}`;
}

/** How far a piece of work has come, in numbers that a progress bar shows as they are. */
import type { Clock } from "../client/ports.ts";

export type ProgressPhase = "snapshot" | "push" | "pull" | "upload" | "download" | "bootstrap";

export interface Progress {
  readonly phase: ProgressPhase;
  readonly unit: "rows" | "entries" | "bytes" | "chunks";
  readonly done: number;
  /** Null: not known. Never less than `done`. */
  readonly total: number | null;
}

export type ReportProgress = (progress: Progress) => void;

/** Ten a second are as smooth as a bar can be; each would cost a window a repaint. */
const LEAST_BETWEEN_MS = 100;

/** Lets through the first of a phase, its last, and between them one every 100 ms. */
export function throttled(report: ReportProgress, clock: Clock): ReportProgress {
  const toldAtMs = new Map<ProgressPhase, number>();
  return (given) => {
    const progress = given.total !== null && given.total < given.done ? { ...given, total: given.done } : given;
    const now = clock.nowMs();
    const before = toldAtMs.get(progress.phase);
    const isLast = progress.done === progress.total;
    if (before !== undefined && !isLast && now >= before && now - before < LEAST_BETWEEN_MS) return;
    if (isLast) toldAtMs.delete(progress.phase);
    else toldAtMs.set(progress.phase, now);
    report(progress);
  };
}

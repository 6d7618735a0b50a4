/** Delta debugging: the fewest steps, and then the fewest devices, that still break the same promise. */
import type { Plan } from "./plan.ts";

/** Indexes of steps of `plan` that still fail, and how many devices. `fails` says whether a plan breaks the promise. */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
): Promise<{ readonly keep: readonly number[]; readonly devices: number }> {
  let keep = plan.steps.map((_, index) => index);
  let devices = plan.skewsMs.length;
  const part = (indexes: readonly number[], count: number): Plan => reduced(plan, indexes, count);
  for (let size = Math.ceil(keep.length / 2); size >= 1;) {
    let removed = false;
    for (let from = 0; from < keep.length;) {
      const rest = keep.toSpliced(from, size);
      if (await fails(part(rest, devices))) {
        keep = rest;
        removed = true;
      } else from += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  while (devices > 1 && (await fails(part(keep, devices - 1)))) devices -= 1;
  return { keep, devices };
}

/** The plan with some of its steps and the first of its devices. */
export const reduced = ({ steps, skewsMs }: Plan, keep: readonly number[], devices: number): Plan => ({
  skewsMs: skewsMs.slice(0, devices),
  steps: keep.flatMap((index) => steps[index] ?? []),
});

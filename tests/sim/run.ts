/** One run: the steps of a plan on devices with real databases, then quiet, then every promise of docs/merge.md checked. */
import { checkQuiet } from "./check.ts";
import type { Plan } from "./plan.ts";
import type { App } from "./pool.ts";
import { World } from "./world.ts";

/** Runs a plan and checks what it left. Throws `SimulationFailure`, or what the engine threw. */
export async function runPlan(app: App, plan: Plan): Promise<void> {
  const world = new World(app, plan);
  try {
    for (const step of plan.steps) await world.step(step);
    await world.settle();
    checkQuiet(world);
  } finally {
    world.close();
  }
}

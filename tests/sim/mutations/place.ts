/** Where in the sources a fault goes. */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Fault, faults } from "./faults.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

export interface Place extends Fault {
  /** Absolute. */
  readonly file: string;
}

/** Throws where the fault's piece of source does not stand in exactly one place: then the fault must be written anew. */
export function placeOf(name: string): Place {
  const fault = faults.find((candidate) => candidate.name === name);
  if (fault === undefined) throw new RangeError(`there is no fault "${name}"`);
  const places = globSync(["runtime/src/**/*.ts", "templates/src/**/*.ts"], { cwd: ROOT })
    .filter((path) => !path.endsWith(".test.ts"))
    .map((path) => join(ROOT, path))
    .flatMap((file) => Array.from({ length: readFileSync(file, "utf8").split(fault.find).length - 1 }, () => file));
  const [file, ...more] = places;
  if (file === undefined || more.length > 0)
    throw new Error(`fault "${name}": its source stands in ${places.length} places, not one; write it anew in faults.ts`);
  return { ...fault, file };
}

/** As `placeOf`, of several: throws once, for all that do not fit. */
export function placesOf(names: readonly string[]): readonly Place[] {
  const unfit: string[] = [];
  const places = names.flatMap((name): readonly Place[] => {
    try {
      return [placeOf(name)];
    } catch (error) {
      unfit.push(error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  if (unfit.length > 0) throw new Error(unfit.join("\n"));
  return places;
}

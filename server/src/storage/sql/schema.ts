/**
 * The database's own schema, as steps that run once each and in order. A step that was released is never edited: a
 * database remembers the hash of each that it has seen, and refuses a server whose step differs. A change is a new step.
 */
import { createHash } from "node:crypto";
import type { Dialect, Step } from "./dialect.ts";
import { base } from "./steps/base.ts";
import { batchKeys } from "./steps/batch-keys.ts";
import { digests } from "./steps/digests.ts";
import { blobs } from "./steps/blobs.ts";
import { identity } from "./steps/identity.ts";
import { snapshots } from "./steps/snapshots.ts";
import { usage } from "./steps/usage.ts";

/** Append only. */
const STEPS: readonly Step[] = [base, batchKeys, identity, snapshots, digests, blobs, usage];

/** A database that a newer version of the server has written, or one with other steps of the same number. */
export class ForeignSchemaError extends Error {
  override readonly name = "ForeignSchemaError";
}

export interface SeenStep {
  readonly number: number;
  readonly hash: string;
}

export interface MissingStep extends SeenStep {
  readonly name: string;
  readonly text: string;
}

/** Where a database keeps which steps it has seen. */
export const SEEN_STEPS = "schema_steps";

/** The steps that a database lacks, after those it has were compared. */
export function missingSteps(seen: readonly SeenStep[], dialect: Dialect): readonly MissingStep[] {
  if (seen.length > STEPS.length)
    throw new ForeignSchemaError(`the database has schema ${seen.length}, this server knows ${STEPS.length}: use the newer server`);
  const known = STEPS.map((step, i) => ({ number: i + 1, name: step.name, hash: hashOf(step), text: step.write(dialect) }));
  for (const { number, hash } of seen)
    if (known[number - 1]?.hash !== hash)
      throw new ForeignSchemaError(`step ${number} of the database's schema is not the one that this server knows`);
  return known.slice(seen.length);
}

/** The same for every database and number of partitions: over the text with the dialect left out. */
function hashOf(step: Step): string {
  const plain: Dialect = {
    text: "text",
    integer: "integer",
    bytes: "bytes",
    end: ";",
    byAccount: () => " by account;",
    incompressible: (table, column) => `${table}.${column} incompressible;`,
  };
  return createHash("sha256")
    .update(`${step.name}\n${step.write(plain)}`)
    .digest("hex");
}

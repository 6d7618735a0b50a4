/** What the rooms of one apply transaction share: the parts of the store, the mode of the transaction, and the rows it touches. */
import type { Driver } from "../driver/driver.ts";
import type { ReferenceSpec } from "../generated/spec.ts";
import type { Changelog } from "./changelog.ts";
import type { ConflictStore } from "./conflicts.ts";
import type { HeldStore } from "./held.ts";
import type { RowClocks } from "./row-clocks.ts";
import type { Retelling } from "./retelling.ts";
import type { RowWorks } from "./row-works.ts";
import type { TableRows } from "./table-rows.ts";

/** Up to which stamp this device's own changes were in the log when it had reached which cursor; rising. */
export type PushMarks = readonly (readonly [stamp: number, cursor: number])[];

/** Parts that outlive a session. */
export interface SessionParts {
  readonly driver: Driver;
  /** In upsert order. */
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly clocks: RowClocks;
  readonly held: HeldStore;
  readonly changelog: Changelog;
  readonly conflicts: ConflictStore;
  readonly retelling: Retelling;
  readonly nowMs: () => number;
}

export interface SessionMode {
  /** This device's id, for the clocks of what it captured and of what the merge has to do. */
  readonly device: string;
  /** The latest stamp that this device has given or seen. */
  readonly lastStamp: number;
  /** How far this device has read. */
  readonly cursor: number;
  /** The initial snapshot has told the account of every row that was here. */
  readonly hasJoined: boolean;
  /** This device has read the log to its end, once at least since it joined or began to start over. */
  readonly hasReadLog: boolean;
  /** What is here counts for nothing until the log gives it. */
  readonly isStartingOver: boolean;
  readonly pushMarks: PushMarks;
  /** The handle enforces foreign keys during this transaction. */
  readonly enforced: boolean;
  /** Foreign keys are checked at COMMIT, so that rows of one reference cycle can be placed one after the other. */
  readonly deferred: boolean;
}

export interface InboundEdge {
  readonly child: TableRows;
  readonly reference: ReferenceSpec;
}

/** The references that point at each table, by table. */
export type InboundEdges = ReadonlyMap<string, readonly InboundEdge[]>;

export interface SessionScope {
  readonly parts: SessionParts;
  readonly mode: SessionMode;
  readonly inbound: InboundEdges;
  readonly works: RowWorks;
  /** Rows were held when the session began. */
  readonly hasHeld: boolean;
  /** The latest stamp given or seen, this session's included. */
  lastStamp: number;
}

export function inboundEdges(tables: ReadonlyMap<string, TableRows>): InboundEdges {
  const inbound = new Map<string, InboundEdge[]>();
  for (const child of tables.values())
    for (const reference of child.spec.references) {
      if (!reference.synced) continue;
      const edges = inbound.get(reference.table) ?? [];
      edges.push({ child, reference });
      inbound.set(reference.table, edges);
    }
  return inbound;
}

import type { IdentityCounts } from "./identity/counts.ts";
import type { Message } from "./outgoing-rows.ts";
import type { Attributed } from "./results/attributor.ts";
import type { TenantCounts } from "./results/batch-counts.ts";

/** Counts of a block of the fact log. */
export interface RestoredBlock {
  /** Its facts, by tenant. */
  readonly counts: Readonly<Record<string, TenantCounts>>;
  /** Why the rest of it cannot be read; undefined where all of it was. */
  readonly unreadable: string | undefined;
}

/** Everything that a batch leads to. */
export interface BatchOutcome extends Attributed {
  /** Entries taken, from the first on; those left are for the next batch. */
  readonly entries: number;
  /** Fact block to append, or undefined where every event was a duplicate or dropped. */
  readonly facts: Uint8Array | undefined;
  readonly factCount: number;
  /** Further fact blocks, of records of identity for which the first has no room. */
  readonly records: readonly Uint8Array[];
  /** Entries for other partitions. */
  readonly messages: readonly Message[];
  readonly identity: Readonly<IdentityCounts>;
  /** Whether the facts begin with records of erasures. */
  readonly erases: boolean;
  /** By dimension: values of the new facts that the vocabulary does not hold. */
  readonly overflowed: readonly number[];
  /** The batch's events, by tenant. */
  readonly counts: Readonly<Record<string, TenantCounts>>;
}

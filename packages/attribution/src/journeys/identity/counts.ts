/** What a batch erased. */
export interface ErasureCounts {
  /** Erasures of keys in their own partition, whether it held facts of them or not. */
  erased: number;
}

/** What identity resolution did in a batch. */
export interface IdentityCounts extends ErasureCounts {
  /** Anonymous IDs linked to a user. */
  made: number;
  /** Anonymous IDs whose link was withdrawn. */
  withdrawn: number;
  /** Events with a value that is never linked. */
  blocked: number;
  /** Pairs beyond a user's limit. */
  overLimit: number;
  /** Claims to an anonymous ID that another user had made. */
  otherUser: number;
  /** Records and copies for which the partition has no room. */
  full: number;
  /** Facts copied to other partitions. */
  forwarded: number;
}

export type LinkCounts = Omit<IdentityCounts, keyof ErasureCounts>;

export function noLinkCounts(): LinkCounts {
  return {
    made: 0,
    withdrawn: 0,
    blocked: 0,
    overLimit: 0,
    otherUser: 0,
    full: 0,
    forwarded: 0,
  };
}

/** What is wrong, in numbers that must all be 0, and in words. */
export interface Verdict {
  /** Distinct events that were sent, and of them those that were acknowledged. */
  readonly events: number;
  readonly acknowledged: number;
  /** Events of people who were erased, which were in the warehouse and are not. */
  readonly erased: number;
  /** Conversions whose credits were compared. */
  readonly conversions: number;
  /** Acknowledged events that have no effect. */
  readonly lost: number;
  /** Effects that an event has had beyond its first. */
  readonly duplicated: number;
  /** Conversions whose path, credits or value are not what the oracle computes. */
  readonly wrongCredits: number;
  /** Conversions whose stored result is not what the stored facts give. */
  readonly auditDifferences: number;
  /** Everything else that should not be, such as books that do not close. */
  readonly unexplained: number;
  readonly problems: readonly string[];
}

/** Whether a verdict has none of what must not be. */
export function isClean(verdict: Verdict): boolean {
  const { lost, duplicated, wrongCredits, auditDifferences, unexplained } = verdict;
  return lost + duplicated + wrongCredits + auditDifferences + unexplained === 0;
}

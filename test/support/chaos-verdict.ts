import type { CliResult } from "./tributary.ts";

/** What `tributary chaos --json` prints. */
export interface Verdict {
  readonly seed: number;
  readonly faults: number;
  readonly events: number;
  readonly acknowledged: number;
  readonly erased: number;
  readonly conversions: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly wrongCredits: number;
  readonly auditDifferences: number;
  readonly unexplained: number;
  readonly problems: readonly string[];
  readonly recoveryMs: Readonly<Record<string, { p50: number; max: number }>>;
}

/** The verdict of a run. @throws Error where the command printed none */
export function verdictOf({ code, stdout, stderr }: CliResult): Verdict {
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`exit ${code}, no verdict: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Verdict;
}

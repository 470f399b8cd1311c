/** One figure of the reference data beside ours. */
export interface Check {
  /** Source of the expected figure. */
  readonly source: string;
  /** Name of the figure. */
  readonly figure: string;
  readonly expected: number;
  readonly got: number;
  /** Of the expected figure; the difference itself where that is 0. */
  readonly relativeError: number;
  readonly failed: boolean;
}

/** The output of `--json`. */
export interface AccuracyReport {
  readonly cases: number;
  readonly failed: number;
  readonly maxRelativeError: number;
  readonly failures: readonly Check[];
}

/** Collects the checks of one source, with one tolerance. */
export class CheckList {
  readonly checks: Check[] = [];
  readonly #source: string;
  readonly #tolerance: number;

  /** @param tolerance the greatest relative error that passes */
  constructor(source: string, tolerance: number) {
    this.#source = source;
    this.#tolerance = tolerance;
  }

  add(figure: string, expected: number, got: number): void {
    const difference = Math.abs(got - expected);
    const relativeError = expected === 0 ? difference : difference / Math.abs(expected);
    // Written so that NaN fails.
    const failed = !(relativeError <= this.#tolerance);
    this.checks.push({ source: this.#source, figure, expected, got, relativeError, failed });
  }

  /** The figure of each name; a name without one is NaN, and fails. */
  addEach(
    label: string,
    expected: Readonly<Record<string, number>>,
    got: ReadonlyMap<string, number>,
  ): void {
    for (const [name, figure] of Object.entries(expected)) {
      this.add(`${label}: ${name}`, figure, got.get(name) ?? Number.NaN);
    }
  }
}

export function summarise(checks: readonly Check[]): AccuracyReport {
  const failures = checks.filter(({ failed }) => failed);
  let maxRelativeError = 0;
  for (const { relativeError } of checks) {
    // JSON has no NaN: the error of a missing figure is the largest number.
    maxRelativeError = Math.max(
      maxRelativeError,
      Number.isNaN(relativeError) ? Number.MAX_VALUE : relativeError,
    );
  }
  return { cases: checks.length, failed: failures.length, maxRelativeError, failures };
}

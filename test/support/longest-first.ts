import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders and files whose tests run longest, the longest first. */
const LONGEST = [
  "test/e2e/chaos",
  "test/e2e/",
  "packages/lab/",
  "packages/cli/",
  "packages/attribution/",
];

/**
 * Starts the files that run longest first: one that began last would run alone while the other core has nothing to do. A clean
 * clone knows no durations, so the order is written down.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((path) => moduleId.includes(`/${path}`));
  return rank < 0 ? LONGEST.length : rank;
}

/** vitest runs this once, before all tests: what a property found can be found again. */
import type { TestProject } from "vitest/node";

export function setup({ config }: TestProject): void {
  const seed = config.env["TRIBUTARY_PROPERTY_SEED"];
  console.log(
    `property tests: seed ${seed} (TRIBUTARY_PROPERTY_SEED=${seed} repeats their values)`,
  );
}

import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { SessionKeys } from "../../src/arrivals/session-keys.ts";

it("hold what was set in their session, as a map does", () => {
  const key = fc.oneof(
    fc.nat(50),
    fc.nat(5).map((n) => n * 2 ** 32 + 3),
    fc.maxSafeNat(),
  );
  const step = fc.oneof(
    { weight: 30, arbitrary: fc.tuple(key, fc.nat(99)) },
    { weight: 1, arbitrary: fc.constant("begin" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.array(key), (steps, others) => {
      const keys = new SessionKeys();
      const map = new Map<number, number>();
      for (const each of steps) {
        if (each === "begin") {
          keys.begin();
          map.clear();
        } else {
          keys.set(...each);
          map.set(...each);
        }
      }
      const asked = [...others, ...steps.flatMap((each) => (each === "begin" ? [] : [each[0]]))];
      for (const one of asked) expect(keys.find(one)).toBe(map.get(one) ?? -1);
    }),
    { numRuns: runs(200) },
  );
});

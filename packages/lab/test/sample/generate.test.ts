import { classifyChannel } from "@tributary/attribution";
import { BatchScanner, createRowDictionaries, packEvents } from "@tributary/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { BUNDLED_SAMPLE, generateSample } from "../../src/sample/generate.ts";

const sample = generateSample(BUNDLED_SAMPLE);

test("the same seed gives the same events, another seed others", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const options = { seed, users: 20, startMs: BUNDLED_SAMPLE.startMs };
      expect(generateSample(options)).toEqual(generateSample(options));
      expect(generateSample(options)).not.toEqual(generateSample({ ...options, seed: seed + 1 }));
    }),
    { numRuns: runs(25) },
  );
});

test("the gateway accepts every event of any seed", () => {
  const options = {
    now: BUNDLED_SAMPLE.startMs + 200 * 86_400_000,
    tenant: 0,
    maxEvents: 20_000,
    maxEventBytes: 32_768,
    maxFutureMs: 0,
    clockToleranceMs: 2000,
    maxTransitMs: 3_300_000,
  };
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const events = generateSample({ seed, users: 50, startMs: BUNDLED_SAMPLE.startMs });
      const scanner = new BatchScanner(createRowDictionaries(10_000));
      const result = scanner.scan(packEvents(events), options, () => undefined);
      expect(result).toEqual({ accepted: events.length, refused: [] });
    }),
    { numRuns: runs(25) },
  );
});

test("the bundled sample matches its description", () => {
  const unique = new Map(sample.map((event) => [event.id, event]));
  const conversions = [...unique.values()].filter(({ type }) => type === "conversion");
  expect(sample.length).toBeGreaterThan(11_000);
  expect(sample.length).toBeLessThan(14_000);
  expect(conversions.length).toBeGreaterThan(800);
  expect(conversions.length).toBeLessThan(1000);
  expect((sample.length - unique.size) / unique.size).toBeCloseTo(0.02, 2);
  expect(new Set(conversions.map(({ value }) => value)).size).toBeGreaterThan(400);
  expect(new Set(conversions.map(({ name }) => name)).size).toBe(3);
  expect(sample.filter(({ type }) => type === "refund").length).toBeGreaterThan(10);
  const orders = new Set(conversions.map(({ orderId }) => orderId));
  expect(orders.size).toBe(conversions.length);
  expect(orders.has("order-1001")).toBe(true);
  expect(orders.has(`order-${1000 + orders.size}`)).toBe(true);
});

test("it has more than five channels, late touchpoints, repeat buyers and buyers without a touchpoint", () => {
  const touchpoints = sample.filter(({ type }) => ["click", "visit", "impression"].includes(type));
  const channels = new Set(touchpoints.map((event) => classifyChannel(event).channel));
  expect([...channels]).toEqual(
    expect.arrayContaining([
      "paid_search",
      "organic_search",
      "email",
      "display",
      "direct",
      "podcast",
    ]),
  );
  const keyOf = (event: { readonly userId?: string; readonly anonymousId?: string }): string =>
    event.userId ?? event.anonymousId ?? "";
  const touched = new Set(touchpoints.map(keyOf));
  const buyers = sample.filter(({ type }) => type === "conversion").map(keyOf);
  expect(buyers.some((key) => !touched.has(key))).toBe(true);
  expect(new Set(buyers).size).toBeLessThan(buyers.length * 0.9);
  const lastConversion = new Map<string, number>();
  let late = 0;
  for (const event of sample) {
    const seen = lastConversion.get(keyOf(event));
    if (event.type === "conversion") lastConversion.set(keyOf(event), event.time);
    else if (seen !== undefined && event.time < seen && event.type !== "refund") late += 1;
  }
  expect(late).toBeGreaterThan(20);
});

import { EnvironmentError } from "@tributary/service";
import { expect, it } from "vitest";
import { readConfig } from "../src/config.ts";

it("refuses journeys whose path a result block cannot hold, and names the variable", () => {
  const of = (facts: number, ids: number): unknown =>
    readConfig({
      TRIBUTARY_MAX_FACTS_PER_USER: String(facts),
      TRIBUTARY_MAX_ANONYMOUS_IDS: String(ids),
    }).journeys.maxFactsPerUser;
  expect(of(18_152, 0)).toBe(18_152);
  expect(of(1323, 32)).toBe(1323);
  expect(() => of(1324, 32)).toThrow(EnvironmentError);
  expect(() => of(1324, 32)).toThrow(
    /TRIBUTARY_MAX_FACTS_PER_USER: expected at most 65535 touchpoints of a journey.*got 65538/,
  );
});

it("refuses more facts of a user than its record can count", () => {
  const of = (conversions: number): unknown =>
    readConfig({ TRIBUTARY_MAX_CONVERSIONS_PER_USER: String(conversions) }).journeys
      .maxConversionsPerUser;
  expect(of(62_035)).toBe(62_035);
  expect(() => of(62_036)).toThrow(
    /TRIBUTARY_MAX_CONVERSIONS_PER_USER: expected at most 65535 facts of a user.*got 65536/,
  );
});

it("refuses a heartbeat that is longer than a third of the lease", () => {
  const env = { TRIBUTARY_HEARTBEAT_MS: "1000", TRIBUTARY_LEASE_MS: "2900" };
  expect(() => readConfig(env)).toThrow(/TRIBUTARY_HEARTBEAT_MS: expected at most a third/);
});

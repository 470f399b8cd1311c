import { expect, it } from "vitest";
import { readConfig, readTargets } from "../src/config.ts";

const ENVIRONMENT = {
  TRIBUTARY_WEBHOOKS: "a=https://a.example/hook",
  TRIBUTARY_WEBHOOK_SECRETS: "a=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
};

it("has a bound for everything", () => {
  const config = readConfig(ENVIRONMENT);
  expect(config).toMatchObject({
    port: 8082,
    partitions: 16,
    timeoutMs: 10_000,
    maxAttempts: 72,
    bounds: { waitingBytes: 256 * 2 ** 20, deadBytes: 64 * 2 ** 20 },
    maxReadBytes: 16 * 2 ** 20,
    stallMs: 30_000,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

it.each([
  ["TRIBUTARY_WEBHOOKS", "", "TRIBUTARY_WEBHOOK_SECRETS: tenant a has no URL"],
  [
    "TRIBUTARY_WEBHOOK_TIMEOUT_MS",
    "0",
    "TRIBUTARY_WEBHOOK_TIMEOUT_MS: expected a whole number from 100",
  ],
  [
    "TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT",
    "1000",
    "TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT: expected a whole number from 1 to 256",
  ],
  [
    "TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS",
    "999",
    "TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS: expected at least",
  ],
])("refuses %s=%j", (name, value, message) => {
  expect(() => readConfig({ ...ENVIRONMENT, [name]: value })).toThrow(message);
});

it("is nothing to run without a receiver, and nothing wrong for who only looks", () => {
  expect(() => readConfig({})).toThrow(
    "TRIBUTARY_WEBHOOKS: expected tenant=https://host/path pairs",
  );
  expect(readTargets({}).targets.size).toBe(0);
});

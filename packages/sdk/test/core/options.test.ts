import { expect, it } from "vitest";
import { Tributary } from "../../src/node/client.ts";

it.each([
  [{ url: "events.shop.example" }, 'url: expected http(s)://…, got "events.shop.example"'],
  [{ url: "https://" }, 'url: expected http(s)://…, got "https://"'],
  [{ batchEvents: 0 }, "batchEvents: expected a whole number above 0, got 0"],
  [{ timeoutMs: Number.NaN }, "timeoutMs: expected a whole number above 0, got NaN"],
  [{ maxQueueBytes: 1.5 }, "maxQueueBytes: expected a whole number above 0, got 1.5"],
])("%j is no set-up: %s", (options, message) => {
  expect(() => new Tributary({ url: "http://127.0.0.1:1", ...options })).toThrow(
    new TypeError(message),
  );
});

it("names what an event may be: too large, not JSON", () => {
  const problems: unknown[] = [];
  const client = new Tributary({
    url: "http://127.0.0.1:1/",
    onProblem: ({ code, reason }) => problems.push([code, reason]),
  });
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  expect(client.track({ userId: "ada" }, "x", circle)).toBe(false);
  expect(client.track({ userId: "ada" }, "x", { text: "x".repeat(40_000) })).toBe(false);
  expect(problems).toEqual([
    ["unpackable", "deeper than 64 levels"],
    ["too_large", expect.stringMatching(/^expected at most 32768 bytes, got 40\d\d\d$/)],
  ]);
});

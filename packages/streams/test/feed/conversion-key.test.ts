import { expect, it } from "vitest";
import { conversionKey } from "../../src/index.ts";

it("a conversion's key is another one for every part of its identity, and names nobody", () => {
  const one = { tenant: "shop", id: "order", userKey: "ada@example.com", anonymous: false };
  const keys = [
    one,
    { ...one, tenant: "other" },
    { ...one, id: "order2" },
    { ...one, userKey: "bob" },
    { ...one, anonymous: true },
    // The parts do not run into each other.
    { ...one, id: '"order', userKey: 'ada@example.com"' },
  ].map(conversionKey);
  expect(new Set(keys).size).toBe(6);
  expect(conversionKey({ ...one })).toBe(keys[0]);
  for (const key of keys) expect(key).toMatch(/^[\w-]{22}$/);
});

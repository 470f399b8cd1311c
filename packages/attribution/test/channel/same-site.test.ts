import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSameSite, siteOf } from "../../src/channel/same-site.ts";

test.each([
  ["shop.example", "shop.example"],
  ["blog.shop.example", "shop.example"],
  ["a.b.c.shop.co.uk", "shop.co.uk"],
  ["one.myshopify.com", "one.myshopify.com"],
  ["checkout.one.myshopify.com", "one.myshopify.com"],
  ["someone.github.io", "someone.github.io"],
  ["myshopify.com", "myshopify.com"],
  ["co.uk", "co.uk"],
  ["localhost", "localhost"],
  ["192.168.0.1", "192.168.0.1"],
  ["[::1]", "[::1]"],
  ["", ""],
])("%s is of the site %s", (host, site) => {
  expect(siteOf(host)).toBe(site);
});

describe("two hosts", () => {
  test.each([
    ["blog.shop.example", "www.shop.example", true],
    ["shop.example", "checkout.shop.example", true],
    ["blog.shop.co.uk", "shop.co.uk", true],
    ["shop.co.uk", "other.co.uk", false],
    ["one.myshopify.com", "two.myshopify.com", false],
    ["one.myshopify.com", "myshopify.com", false],
    ["one.github.io", "two.github.io", false],
    ["shop.example", "notshop.example", false],
    ["10.0.0.1", "192.0.0.1", false],
    ["localhost", "localhost", true],
    ["", "", true],
  ])("%s and %s are of one site: %s", (one, other, expected) => {
    expect(isSameSite(one, other)).toBe(expected);
    expect(isSameSite(other, one)).toBe(expected);
  });

  test("are of one site exactly where their registrable domains are equal", () => {
    const label = fc.constantFrom(
      "a",
      "shop",
      "co",
      "uk",
      "com",
      "example",
      "myshopify",
      "github",
      "io",
    );
    const host = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(host, host, (one, other) => {
        expect(isSameSite(one, other)).toBe(siteOf(one) === siteOf(other));
      }),
    );
  });
});

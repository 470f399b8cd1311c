import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { allowedHosts, allowedTarget } from "../../src/links/targets.ts";

const HOSTS = new Map([
  ["acme", allowedHosts(["Shop.example", "*.shop.example"])],
  ["globex", allowedHosts(["other.example"])],
]);
const target = (text: unknown, tenant = "acme") => {
  const found = allowedTarget(text, HOSTS.get(tenant));
  return found instanceof URL ? found.href : found.reason;
};

describe("where a link may lead", () => {
  it.each([
    ["https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d"],
    ["http://SHOP.example", "http://shop.example/"],
    ["https://www.shop.example:8443/", "https://www.shop.example:8443/"],
    ["https:\\\\shop.example\\a", "https://shop.example/a"],
  ])("%s", (given, href) => expect(target(given)).toBe(href));

  it.each([
    "//evil.example/",
    "https://evil.example/",
    "https://shop.example.evil.example/",
    "https://evilshop.example/",
    "https://evil.example/?shop.example",
    "https://evil.example\\@shop.example/",
    "https://shop.example@evil.example/",
    "https://user:pw@shop.example/",
    "https://shop.example%2eevil.example/",
    "https://other.example/",
    "https://.shop.example/",
    "https://a..shop.example/",
    "javascript:alert(1)//shop.example",
    "data:text/html,x",
    "ftp://shop.example/",
    "shop.example",
    "/shop",
    "",
    undefined,
    ["https://shop.example/", "https://evil.example/"],
    `https://shop.example/${"x".repeat(2048)}`,
  ])("not to %s", (given) => expect(target(given)).toMatch(/^url: /));

  it("nowhere for a tenant without hosts", () => {
    expect(target("https://shop.example/", "nobody")).toMatch(/is not one that this key's links/);
  });
});

it("whatever is asked for, what a link leads to is one of the tenant's hosts", () => {
  const part = fc.constantFrom(
    ..."https:// http:// // / \\ @ : # ? %2f %40 . \t \n shop.example evil.example www. user".split(
      " ",
    ),
    "",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(part).map((parts) => parts.join("")),
        fc.webUrl(),
        fc.string(),
      ),
      (text) => {
        const found = allowedTarget(text, HOSTS.get("acme"));
        if (!(found instanceof URL)) return;
        // As a browser reads the Location that is sent.
        const read = new URL(found.href);
        expect(read.hostname).toMatch(/^(?:[^.]+\.)*shop\.example$/);
        expect([read.protocol, read.username, read.password]).toEqual([
          expect.stringMatching(/^https?:$/),
          "",
          "",
        ]);
      },
    ),
    { numRuns: runs(2000) },
  );
});

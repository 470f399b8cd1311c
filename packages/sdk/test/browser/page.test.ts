import { EVENT_LIMITS } from "@tributary/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { clickId, pageView } from "../../src/browser/page.ts";

const SHOP = "https://www.shop.example/shoes";

describe("pageView", () => {
  it.each([
    ["without a referrer", SHOP, "", "visit"],
    ["from another site", SHOP, "https://search.example/?q=shoes", "visit"],
    ["within the site", SHOP, "https://shop.example/", "custom"],
    ["within the site, by an advertisement", `${SHOP}?gclid=1`, "https://shop.example/", "visit"],
    ["within the site, by a campaign", `${SHOP}?utm_source=x`, SHOP, "visit"],
    ["from what is no address", SHOP, "about:blank", "visit"],
  ])("%s", (_name, href, referrer, type) => {
    expect(pageView(href, referrer, false).type).toBe(type);
    expect(pageView(href, referrer, true).type).toBe("custom");
  });

  it("takes the five UTM parameters, and leaves out the hash and what is empty", () => {
    const query =
      "utm_source=news&utm_medium=+email&utm_campaign=may%20sale&utm_term=&utm_content=a";
    expect(pageView(`${SHOP}?${query}#top`, "", false)).toEqual({
      type: "visit",
      name: undefined,
      url: `${SHOP}?${query}`,
      referrer: undefined,
      source: "news",
      medium: "email",
      campaign: "may sale",
      term: undefined,
      content: "a",
    });
  });

  it("keeps within an event's bounds, whatever the address", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 3000 }), (text) => {
        const view = pageView(
          `${SHOP}?utm_source=${encodeURIComponent(text.toWellFormed())}`,
          text,
          false,
        );
        const bytes = (it?: string): number => Buffer.byteLength(it ?? "");
        expect(bytes(view.source)).toBeLessThanOrEqual(EVENT_LIMITS.utmBytes);
        expect(bytes(view.url)).toBeLessThanOrEqual(EVENT_LIMITS.urlBytes);
        expect(bytes(view.referrer)).toBeLessThanOrEqual(EVENT_LIMITS.urlBytes);
        if (bytes(text) <= EVENT_LIMITS.utmBytes)
          expect(view.source ?? "").toBe(text.toWellFormed().trim());
      }),
      { numRuns: runs(50) },
    );
  });
});

it("finds a tracking link's click ID, and nothing else", () => {
  const id = "0b8e2f1a-1111-4222-8333-444455556666";
  expect(clickId(`${SHOP}?utm_source=news&tclid=${id}#top`)).toBe(id);
  for (const query of ["", "?tclid=", "?tclid=abc", `?TCLID=${id}`, `?tclid=${id}${id}`]) {
    expect(clickId(`${SHOP}${query}`)).toBeUndefined();
  }
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { classifyChannel } from "../../src/channel/classify.ts";
import { TenantRules } from "../../src/channel/tenant-rules.ts";

const own = new TenantRules({
  rules: [
    { channel: "partners", source: ["partner-*"] },
    { channel: "brand_search", medium: ["cpc", "ppc"], campaign: ["*brand*"] },
    { channel: "forum", referrer: ["forum.example", "*.forum.example"] },
    { channel: "app", url: ["https://shop.example/app/*"] },
    { channel: "seen", type: ["impression"], source: ["tv"] },
    { channel: "never", source: ["partner-x"] },
  ],
  excludedReferrers: ["pay.example"],
});
const named = (signal: Partial<Parameters<typeof classifyChannel>[0]>) => {
  const { channel, rule } = classifyChannel({ type: "click", ...signal }, own);
  return [channel, rule];
};

describe("a tenant's rules", () => {
  it.each([
    [{ source: "Partner-X" }, ["partners", "tenant_rule"]],
    [{ source: "my-partner-x" }, ["other", "unassigned"]],
    [{ source: "google", medium: "CPC", campaign: "de_brand_1" }, ["brand_search", "tenant_rule"]],
    [{ source: "google", medium: "cpc", campaign: "de_1" }, ["paid_search", "paid_medium"]],
    [{ source: "google", campaign: "brand" }, ["organic_search", "source"]],
    [{ referrer: "https://www.forum.example/t/1" }, ["forum", "tenant_rule"]],
    [{ referrer: "https://de.forum.example/" }, ["forum", "tenant_rule"]],
    [{ referrer: "https://notforum.example/" }, ["referral", "referral"]],
    [{ url: "https://shop.example/APP/x" }, ["app", "tenant_rule"]],
    [{ url: "https://shop.example/?utm_source=partner-y" }, ["partners", "tenant_rule"]],
    [{ type: "impression", source: "tv" }, ["seen", "tenant_rule"]],
    [{ source: "partner-x", channel: "podcast" }, ["podcast", "explicit_channel"]],
    [{ referrer: "https://pay.example/" }, ["direct", "excluded_referrer"]],
    [{ referrer: "https://checkout.pay.example/" }, ["direct", "excluded_referrer"]],
    [{ referrer: "https://repay.example/" }, ["referral", "referral"]],
  ])("%j", (signal, expected) => expect(named(signal)).toEqual(expected));

  it("fit as the same pattern written as a regular expression", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        const rules = new TenantRules({
          rules: [{ channel: "x", source: [pattern] }],
          excludedReferrers: [],
        });
        const values = { type: "", medium: "", campaign: "", referrer: "", url: "" };
        const escaped = pattern.replaceAll(".", "\\.").replaceAll("*", ".*");
        expect(rules.channelOf({ ...values, source: value }) === "x").toBe(
          new RegExp(`^${escaped}$`).test(value),
        );
      }),
      { numRuns: runs(5000) },
    );
  });

  it("take no longer for a pattern that almost fits", () => {
    const rules = new TenantRules({
      rules: [{ channel: "x", url: [`${"*a".repeat(120)}*b`] }],
      excludedReferrers: [],
    });
    const values = { type: "", source: "", medium: "", campaign: "", referrer: "" };
    // A search that goes back would not end.
    expect(rules.channelOf({ ...values, url: "a".repeat(2048) })).toBeUndefined();
  });
});

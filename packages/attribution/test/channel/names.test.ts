import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DIMENSION_FIELDS } from "@tributary/protocol";
import { classifyChannel } from "../../src/channel/classify.ts";
import { foldedName, Names, type NameSettings } from "../../src/channel/names.ts";
import { TenantRules } from "../../src/channel/tenant-rules.ts";

test.each([
  ["google", "google"],
  ["Google", "google"],
  ["GOOGLE", "google"],
  ["  Spring   Sale ", "spring sale"],
  ["Spring\u00A0Sale", "spring sale"],
  ["spring_sale", "spring_sale"],
  ["ÜBER", "über"],
  ["ΟΔΟΣ", "οδος"],
  ["   ", ""],
  ["", ""],
])("%j is folded to %j", (text, expected) => {
  expect(foldedName(text)).toBe(expected);
});

describe("a tenant's names", () => {
  const names = new Names({
    fold: ["source", "campaign"],
    aliases: {
      source: { gogle: "Google", "google ads": "Google" },
      medium: { PPC: "cpc" },
      channel: { paid_search: "SEA" },
    },
  });

  test.each([
    ["source", " GOOGLE", "Google"],
    ["source", "Gogle", "Google"],
    ["source", "Google  Ads", "Google"],
    ["source", "Bing", "bing"],
    ["campaign", "Spring_Sale", "spring_sale"],
    ["medium", "PPC", "cpc"],
    ["medium", "ppc", "ppc"],
    ["medium", "CPC", "CPC"],
    ["channel", "paid_search", "SEA"],
    ["content", "  As It Is ", "  As It Is "],
    ["source", "", ""],
    ["source", "  ", ""],
  ] as const)("%s %j is %j", (field, text, expected) => {
    expect(names.of(field, text)).toBe(expected);
  });

  test("of a name that is no property of objects are their own", () => {
    expect(names.of("source", "constructor")).toBe("constructor");
    expect(names.of("source", "__proto__")).toBe("__proto__");
  });

  test("stay as they are when they are folded again", () => {
    const word = fc.oneof(fc.constantFrom("Google", "gogle", " GOOGLE ", "a  B"), fc.string());
    fc.assert(
      fc.property(fc.constantFrom(...DIMENSION_FIELDS), word, (field, text) => {
        const once = names.of(field, text);
        expect(names.of(field, once)).toBe(once);
      }),
    );
  });
});

describe("the channel", () => {
  const rules = (settings: NameSettings): TenantRules =>
    new TenantRules({ rules: [], excludedReferrers: [], names: settings });

  test("is named by the source that an alias stands for", () => {
    const own = rules({
      fold: [],
      aliases: { source: { gogle: "google" }, medium: { Klick: "cpc" } },
    });
    const signal = { type: "click", source: "gogle", medium: "Klick" };
    expect(classifyChannel(signal).channel).toBe("other");
    expect(classifyChannel(signal, own)).toEqual({ channel: "paid_search", rule: "paid_medium" });
  });

  test("is named by the URL's parameters that an alias stands for", () => {
    const own = rules({ fold: ["source"], aliases: { source: { "my letter": "email" } } });
    const url = "https://shop.example/?utm_source=My++Letter";
    expect(classifyChannel({ type: "visit", url }, own).channel).toBe("email");
  });
});

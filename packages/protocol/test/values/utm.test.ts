import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QUERY_ONLY, unreadUtm, unreadUtmReason } from "../../src/values/utm.ts";

describe("UTM parameters that are not read", () => {
  test.each([
    ["https://shop.example/?utm_source=news", []],
    ["https://shop.example/#top", []],
    ["https://shop.example/?page=amp;utm_x=1", []],
    [
      "https://shop.example/#utm_source=news&utm_medium=email",
      ["fragments utm_source", "fragments utm_medium"],
    ],
    ["https://shop.example/#/route?utm_source=news", ["fragments utm_source"]],
    [
      "https://shop.example/?utm_source=news&amp;utm_medium=email&amp;utm_campaign=a",
      ["escaped utm_medium", "escaped utm_campaign"],
    ],
    ["https://shop.example/?a=1&amp;amp;utm_source=news", ["escaped utm_source"]],
    ["https://shop.example/#a&amp;utm_source=news", ["fragments utm_source"]],
    ["https://shop.example/#utm_source=", []],
    ["https://shop.example/?q=%23utm_source=news", []],
  ])("of %s are %j", (url, expected) => {
    expect(
      unreadUtm(url, QUERY_ONLY).map(({ place, parameter }) => `${place} ${parameter}`),
    ).toEqual(expected);
  });

  test("depend on what is read", () => {
    const url = "https://shop.example/?a=1&amp;utm_source=a#utm_medium=b&amp;utm_term=c";
    const places = (fragments: boolean, escaped: boolean): string[] =>
      unreadUtm(url, { fragments, escaped }).map(({ place }) => place);
    expect(places(false, false)).toEqual(["escaped", "fragments", "fragments"]);
    expect(places(true, false)).toEqual(["escaped", "escaped"]);
    expect(places(false, true)).toEqual(["fragments", "fragments"]);
    expect(places(true, true)).toEqual([]);
  });

  test("are at most five, and found in any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(unreadUtm(`${text}#${"utm_source=a&".repeat(9)}`, QUERY_ONLY).length).toBeLessThan(
          6,
        );
      }),
    );
  });

  test("are named with what to do", () => {
    expect(unreadUtmReason({ parameter: "utm_source", place: "fragments" })).toMatch(
      /utm\.fragments/,
    );
    expect(unreadUtmReason({ parameter: "utm_source", place: "escaped" })).toMatch(/utm\.escaped/);
  });
});

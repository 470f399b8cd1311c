import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLICK_IDS } from "../../src/channel/click-ids.ts";
import { hostOf, readLandingQuery, utmFromUrl } from "../../src/channel/url.ts";

describe("utmFromUrl", () => {
  test.each([
    [
      "https://shop.example/?utm_source=a&utm_medium=b&utm_campaign=c&utm_term=d&utm_content=e",
      { source: "a", medium: "b", campaign: "c", term: "d", content: "e" },
    ],
    ["/landing?utm_source=a", { source: "a" }],
    ["?utm_source=a", { source: "a" }],
    ["https://shop.example/?x=1&utm_campaign=spring+sale%21", { campaign: "spring sale!" }],
    ["https://shop.example/?utm_source=%D0%B9", { source: "й" }],
    ["https://shop.example/?utm_source=%E0%A4%A", { source: "\uFFFD%A" }],
    ["https://shop.example/?utm_source=first&utm_source=second", { source: "first" }],
    ["https://shop.example/?utm_source=&utm_source=second", { source: "second" }],
    ["https://shop.example/?utm_source=a=b", { source: "a=b" }],
    ["https://shop.example/?utm_source=a?b", { source: "a?b" }],
    ["https://shop.example/?utm_source=a#utm_medium=b", { source: "a" }],
    ["https://shop.example/#?utm_source=a", {}],
    ["https://shop.example/utm_source=a", {}],
    ["https://shop.example/?UTM_SOURCE=a&utm_source", {}],
    ["not a url", {}],
    ["", {}],
    [`https://shop.example/?utm_source=a&pad=${"x".repeat(8192)}`, {}],
  ])("%s", (url, utm) => {
    expect(utmFromUrl(url)).toEqual(utm);
  });

  test("decodes as URLSearchParams does", () => {
    const value = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .map((text) => text.replaceAll(/[&#]/g, "%"));
    fc.assert(
      fc.property(value, (text) => {
        const expected = new URLSearchParams(`utm_source=${text}`).get("utm_source");
        expect(utmFromUrl(`https://shop.example/?a=b&utm_source=${text}&c=d`)).toEqual({
          source: expected,
        });
      }),
    );
  });
});

describe("click identifiers", () => {
  test.each(CLICK_IDS.map((clickId) => clickId.param))(
    "%s is found anywhere in the query",
    (param) => {
      expect(readLandingQuery(`https://shop.example/?a=1&${param}=1&b=2`).clickId?.param).toBe(
        param,
      );
    },
  );

  test("the first of the table counts, not of the URL", () => {
    expect(readLandingQuery("?fbclid=1&gclid=2&dclid=3").clickId?.param).toBe("dclid");
    expect(readLandingQuery("?dclid=3&gclid=2&fbclid=1").clickId?.param).toBe("dclid");
  });

  test("an empty one does not count", () => {
    expect(readLandingQuery("?gclid=&fbclid=1").clickId?.param).toBe("fbclid");
  });
});

describe("hostOf", () => {
  test.each([
    ["https://www.Example.com/path?x#y", "example.com"],
    ["http://example.com", "example.com"],
    ["HTTP://EXAMPLE.COM:8080/", "example.com"],
    ["https://example.com?x", "example.com"],
    ["https://example.com.", "example.com"],
    ["//cdn.example.com/x", "cdn.example.com"],
    ["example.com/path", "example.com"],
    ["www.example.com", "example.com"],
    ["example.com:443/path", "example.com"],
    [" https://example.com/ ", "example.com"],
    ["https://user:secret@example.com/", "example.com"],
    ["https://google.com@evil.example/", "evil.example"],
    ["https://evil.example\\@google.com/", "evil.example"],
    ["https://пример.рф/", "xn--e1afmkfd.xn--p1ai"],
    ["https://[::1]:80/", "[::1]"],
    ["http://localhost:3000/", "localhost"],
    ["android-app://com.google.android.gm/", "com.google.android.gm"],
    ["javascript:alert(1)", undefined],
    ["javascript://google.com/%0Aalert(1)", undefined],
    ["data:text/html,x", undefined],
    ["file:///etc/passwd", undefined],
    ["mailto:a@example.com", undefined],
    ["about:blank", undefined],
    ["/path", undefined],
    ["google", undefined],
    ["https://", undefined],
    ["https://exa mple.com/", undefined],
    ["", undefined],
    [`https://${"a".repeat(254)}.com/`, undefined],
    [`https://example.com/${"x".repeat(8192)}`, undefined],
  ])("%s", (url, host) => {
    expect(hostOf(url)).toBe(host);
  });
});

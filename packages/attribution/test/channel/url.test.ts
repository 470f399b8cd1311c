import fc from "fast-check";
import { unreadUtm } from "@tributary/protocol";
import { describe, expect, test } from "vitest";
import { CLICK_IDS } from "../../src/channel/click-ids.ts";
import { runs } from "../../../../test/support/property-runs.ts";
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

describe("UTM parameters outside the query", () => {
  const all = { fragments: true, escaped: true };
  test.each([
    ["https://shop.example/#utm_source=news&utm_medium=email", { source: "news", medium: "email" }],
    ["https://shop.example/#/route?utm_source=news", { source: "news" }],
    ["https://shop.example/?utm_source=query#utm_source=fragment", { source: "query" }],
    ["https://shop.example/?utm_source=#utm_source=fragment", { source: "fragment" }],
    [
      "https://shop.example/?a=1&amp;utm_source=news&amp;utm_medium=email",
      { source: "news", medium: "email" },
    ],
    [
      "https://shop.example/?utm_source=news&amp;amp;utm_medium=email",
      { source: "news", medium: "email" },
    ],
    [
      "https://shop.example/#utm_source=news&amp;utm_medium=email",
      { source: "news", medium: "email" },
    ],
    ["https://shop.example/#utm_source", {}],
    ["https://shop.example/?amp;amp;amp;", {}],
  ])("%s are read where a tenant wants it", (url, utm) => {
    expect(utmFromUrl(url, all)).toEqual(utm);
  });

  test.each([
    ["https://shop.example/#utm_source=news", {}],
    ["https://shop.example/?utm_source=news&amp;utm_medium=email", { source: "news" }],
  ])("%s are not read by default", (url, utm) => {
    expect(utmFromUrl(url)).toEqual(utm);
  });

  test("bring click identifiers with them", () => {
    expect(readLandingQuery("https://shop.example/#gclid=1", all).clickId?.param).toBe("gclid");
    expect(readLandingQuery("https://shop.example/?a=1&amp;gclid=1", all).clickId?.param).toBe(
      "gclid",
    );
  });

  test("are those that are named as unread, or read", () => {
    const part = fc.constantFrom(
      "?",
      "#",
      "&",
      "&amp;",
      "amp;",
      "/",
      "utm_source=a",
      "utm_medium=b",
      "gclid=1",
      "x=1",
      "utm_term=",
    );
    const reading = fc.record({ fragments: fc.boolean(), escaped: fc.boolean() });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), reading, (parts, asked) => {
        const url = `https://shop.example/${parts.join("")}`;
        const read = Object.keys(utmFromUrl(url, asked));
        const more = Object.keys(utmFromUrl(url, all)).filter((field) => !read.includes(field));
        const named = unreadUtm(url, asked).map(({ parameter }) => parameter.slice("utm_".length));
        expect(named).toEqual(expect.arrayContaining(more));
      }),
      { numRuns: runs(2000) },
    );
  });
});

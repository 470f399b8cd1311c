import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { restoreStray, strayParameters } from "../../src/values/link.ts";

describe("a link's query", () => {
  test.each([
    ["url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Da%26utm_medium%3Db", undefined],
    ["url=https%3A%2F%2Fshop.example%2F&source=a&uid=ada&x=1", undefined],
    ["source=a", undefined],
    [
      "url=https://shop.example/?utm_source=a&utm_medium=b",
      { reason: "unencoded", texts: ["utm_medium=b"] },
    ],
    [
      "uid=ada&url=https://shop.example/?id=1&size=%20x&source=a",
      { reason: "unencoded", texts: ["size=%20x"] },
    ],
    ["x=1&url=https://shop.example/?id=1", undefined],
    [
      "utm_source=mail&url=https%3A%2F%2Fshop.example%2F&utm_campaign=x&y=1",
      { reason: "utm_on_link", texts: ["utm_source=mail", "utm_campaign=x"] },
    ],
    [
      "url=https://shop.example/?utm_source=a&amp;utm_medium=b&amp;source=x",
      { reason: "unencoded", texts: ["utm_medium=b"] },
    ],
  ])("%s has of its target's %j", (query, stray) => {
    expect(strayParameters(query)).toEqual(stray);
  });

  test("that is encoded gives its target back as it was, whatever that holds", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        expect(strayParameters(`url=${encodeURIComponent(url)}&source=a&uid=b`)).toBeUndefined();
      }),
    );
  });

  test("that is not encoded gives a target of other parameters back", () => {
    const name = fc.constantFrom("a", "b", "utm_source", "utm_medium", "gclid");
    const pairs = fc
      .uniqueArray(name, { minLength: 1 })
      .map((names) => names.map((n, i) => `${n}=${i}`));
    fc.assert(
      fc.property(pairs, (parameters) => {
        const whole = `https://shop.example/p?${parameters.join("&")}`;
        const stray = strayParameters(`url=${whole}&source=x`);
        const target = new URL(`https://shop.example/p?${parameters[0]}`);
        if (stray !== undefined) restoreStray(target, stray);
        expect(target.href).toBe(whole);
      }),
    );
  });
});

test("what the target has already stays its own", () => {
  const target = new URL("https://shop.example/?utm_source=a#top");
  const texts = ["utm_source=b", "utm_medium=c"];
  expect(restoreStray(target, { reason: "utm_on_link", texts })).toEqual(["utm_medium"]);
  expect(target.href).toBe("https://shop.example/?utm_source=a&utm_medium=c#top");
});

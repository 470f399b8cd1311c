import fc from "fast-check";
import { expect, test } from "vitest";
import { coordinate, element, escapeText } from "../../src/drawing/element.ts";

test("attributes and children, what is undefined left out", () => {
  expect(element("rect", { x: 1.23456, class: undefined, "aria-label": 'a "b"' })).toBe(
    '<rect x="1.23" aria-label="a &quot;b&quot;"/>',
  );
  expect(element("g", {}, element("line", { x1: 0 }), "text")).toBe('<g><line x1="0"/>text</g>');
});

test("a stranger's name stays text", () => {
  expect(escapeText("<script>alert('1')</script> & \u0000 \ud83d")).toBe(
    "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; \ufffd \ufffd",
  );
});

test("no text opens an element or leaves an attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = escapeText(text);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(escaped.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
      expect(escaped.isWellFormed()).toBe(true);
    }),
  );
});

test("a coordinate has two places at most", () => {
  expect([coordinate(1 / 3), coordinate(2), coordinate(-0.005)]).toEqual(["0.33", "2", "0"]);
});

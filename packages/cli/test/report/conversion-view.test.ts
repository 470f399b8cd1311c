import { expect, test } from "vitest";
import type { Conversion } from "@tributary/reports/answers";
import { renderConversion } from "../../src/report/conversion-view.ts";

const T0 = Date.UTC(2026, 9, 1, 12);

const conversion: Conversion = {
  key: "k",
  id: "c-1",
  sentUserKey: "ada",
  sentAnonymous: false,
  orderId: "o-1",
  name: "purchase",
  time: T0,
  userKey: "ada\u001b[2J",
  value: "60",
  currency: "EUR",
  revision: 1,
  reason: "refund",
  touchpoints: [1, 2, 3].map((index) => ({
    index,
    type: "click",
    time: T0 - 4000 + index * 1000,
    channel: "email",
    channelRule: "medium" as const,
    campaign: index === 1 ? "autumn" : "",
  })),
  credits: [
    ...[1, 2, 3].map((touch) => ({
      model: "linear",
      touch,
      credit: touch === 1 ? "0.333333333334" : "0.333333333333",
      value: "20",
    })),
    { model: "last_touch", touch: 3, credit: "1", value: "60" },
  ],
  revisions: [
    { revision: 0, reason: "first", value: "100", touches: 3, attributedAt: T0 + 500, traceId: "" },
    {
      revision: 1,
      reason: "refund",
      value: "60",
      touches: 3,
      attributedAt: T0 + 90_000,
      traceId: "ab".repeat(16),
    },
  ],
  notCounted: [
    {
      id: "t-9",
      type: "impression",
      time: T0 - 90_000_000,
      channel: "display",
      source: "",
      medium: "",
      campaign: "",
      channelRule: "impression",
      reason: "outside_view_window",
    },
  ],
  notCountedTruncated: false,
};

test("another conversion of the same event ID is shown after it", () => {
  const other = { ...conversion, userKey: "bob", revisions: [] };
  const [first, second] = renderConversion({ ...conversion, others: [other] }).split(
    "Of the same ID, sent under another user key",
  );
  expect(first?.trim()).toBe(renderConversion(conversion));
  expect(second).toContain("user bob");
});

test("its identity, the reasons of its revisions, and shares that add up to 1", () => {
  expect(renderConversion(conversion))
    .toBe(`c-1 · order o-1 · purchase · user ada\ufffd[2J · 2026-10-01T12:00:00.000Z
60 EUR, revision 1

Revisions
revision  attributed at             reason  touchpoints  value
──────────────────────────────────────────────────────────────
0         2026-10-01T12:00:00.500Z  first             3    100
1 *       2026-10-01T12:01:30.000Z  refund            3     60
* shown

Credits, shares of the conversion
time                      type   channel  named by  campaign  linear  last_touch
────────────────────────────────────────────────────────────────────────────────
2026-10-01T11:59:57.000Z  click  email    medium    autumn      0.34        0.00
2026-10-01T11:59:58.000Z  click  email    medium    (none)      0.33        0.00
2026-10-01T11:59:59.000Z  click  email    medium    (none)      0.33        1.00

The user's other touchpoints
time                      type        channel  named by    campaign  left out because
────────────────────────────────────────────────────────────────────────────────────────
2026-09-30T11:00:00.000Z  impression  display  impression  (none)    outside_view_window

Traces
  revision 1: ${"ab".repeat(16)}`);
});

test("traces are links where Jaeger's address is known, and left-out touchpoints are bounded", () => {
  const [one] = conversion.notCounted;
  if (one === undefined) throw new Error("no touchpoint");
  const many = { ...conversion, notCounted: Array.from({ length: 25 }, () => one) };
  const text = renderConversion(many, "http://jaeger");
  expect(text).toContain(`revision 1: http://jaeger/trace/${"ab".repeat(16)}`);
  expect(text).toContain("… and 5 more; --json has them");
  expect(renderConversion({ ...conversion, notCounted: [] })).not.toContain("other touchpoints");
});

test("a visit that went on says with what, and why", () => {
  const [one] = conversion.notCounted;
  if (one === undefined) throw new Error("no touchpoint");
  const arrival = { id: "t-0", type: "visit", time: T0 - 360_000 } as const;
  const left = (time: number, because: "payment_page" | "its_click") =>
    ({
      ...one,
      type: "visit",
      time,
      reason: "went_on",
      wentOnWith: { ...arrival, because },
    }) as const;
  const text = renderConversion({
    ...conversion,
    notCounted: [left(T0 - 60_000, "payment_page"), left(T0 + 86_400_000, "its_click")],
  });
  expect(text).toContain("went on with the visit of 11:54 (payment page)");
  expect(text).toContain("went on with the visit of 2026-10-01T11:54 (its tracking link's click)");
});

test("as of a time the revision that was valid then is marked, the later ones stay in sight", () => {
  const text = renderConversion({ ...conversion, asOf: T0 + 600, revision: 0, value: "100" });
  expect(text).toContain("100 EUR, revision 0 as of 2026-10-01T12:00:00.600Z\n");
  expect(text).toMatch(/\n0 \*  +2026/);
  expect(text).toMatch(/\n1   +2026/);
});

test("a conversion without touchpoints or a value", () => {
  const text = renderConversion({
    ...conversion,
    currency: "",
    touchpoints: [],
    credits: [{ model: "linear", touch: 0, credit: "1", value: "0" }],
  });
  expect(text).toContain("\nno value, revision 1\n");
  expect(text).toMatch(/\n– +– +unattributed +– +– +1\.00\n/);
});

test("names the conversion that counts in the place of a duplicate order", () => {
  const other = {
    ...conversion,
    reason: "duplicate_order",
    value: "0",
    credits: [],
    touchpoints: [],
  };
  const countedInstead = { id: "c-0", sentUserKey: "device", sentAnonymous: true };
  expect(renderConversion({ ...other, countedInstead })).toContain(
    "\nduplicate of order o-1, counted is c-0 of anonymous device\n",
  );
  expect(renderConversion(other)).toContain(
    "\nduplicate of order o-1, the one that came first was erased\n",
  );
});

test("UTM parameters that are not read are told with the touchpoint's time", () => {
  const [first, ...others] = conversion.touchpoints;
  const hints = ["utm_source is in the fragment"];
  const shown = renderConversion({
    ...conversion,
    touchpoints: [...(first === undefined ? [] : [{ ...first, hints }]), ...others],
  });
  expect(shown).toContain("Not read\n2026-10-01T11:59:57.000Z utm_source is in the fragment");
  expect(renderConversion(conversion)).not.toContain("Not read");
});

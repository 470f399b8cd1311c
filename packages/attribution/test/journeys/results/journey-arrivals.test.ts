import { describe, expect, it } from "vitest";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import type { JourneyOptions } from "../../../src/index.ts";
import { decodeResults, entryOf, newState, NOW } from "../support.ts";

const MINUTE = 60_000;
const GAP = 30 * MINUTE;
const START = NOW - 120 * MINUTE;
const TCLID = "0b54b0a6-1c2d-4e3f-8a9b-0c1d2e3f4a5b";

type Step = Partial<PlainEvent> & { readonly id: string };

/** A visit at so many minutes after the start. */
const visit = (id: string, minutes: number, more: Partial<PlainEvent> = {}): Step => ({
  id,
  type: "visit",
  time: START + minutes * MINUTE,
  ...more,
});
const newsletter = { source: "news", medium: "email", campaign: "w40" };
const google = { referrer: "https://www.google.com/", url: "https://shop.example/tents" };

/** The path of a purchase two hours after the start, as it is last. */
function pathOf(steps: readonly Step[], options: Partial<JourneyOptions> = {}): string[] {
  const state = newState(options);
  const events = steps.map((step): PlainEvent => ({
    type: "visit",
    time: NOW,
    userId: "u",
    ...step,
  }));
  const order = { id: "order", type: "conversion", time: NOW, userId: "u" } as const;
  const results = decodeResults(state.process([entryOf([...events, order])]));
  return results.at(-1)?.path ?? [];
}

describe("an arrival", () => {
  it("is what brought the person, not the way back from a payment page", () => {
    const back = {
      referrer: "https://www.paypal.com/checkout",
      url: "https://shop.example/thanks",
    };
    expect(pathOf([visit("a", 0, newsletter), visit("b", 10, back)])).toEqual(["a"]);
  });

  it("is not a page of the site itself, nor a page without any signal", () => {
    const own = { referrer: "https://shop.example/", url: "https://shop.example/tents" };
    expect(
      pathOf([visit("a", 0, google), visit("b", 3, own), visit("c", 5, { url: own.url })]),
    ).toEqual(["a"]);
  });

  it("is not a route of a single-page app whose referrer stays", () => {
    const route = { ...google, url: "https://shop.example/tents/2" };
    expect(pathOf([visit("a", 0, google), visit("b", 2, route), visit("c", 4, route)])).toEqual([
      "a",
    ]);
  });

  it("is not a route whose referrer stays behind a tagged landing page", () => {
    const landing = { ...google, url: `${google.url}?utm_source=google&utm_medium=cpc&gclid=1` };
    expect(pathOf([visit("a", 0, landing), visit("b", 2, google)])).toEqual(["a"]);
  });

  it("is the first screen of an app, not the screens after it", () => {
    expect(pathOf([visit("a", 0), visit("b", 1), visit("c", 40), visit("d", 41)])).toEqual([
      "a",
      "c",
    ]);
  });

  it("is not a landing page that is loaded again, whatever its case", () => {
    const again = { ...newsletter, campaign: "W40" };
    expect(pathOf([visit("a", 0, newsletter), visit("b", 5, again)])).toEqual(["a"]);
  });

  it("is each of two tabs once, however often the person changes between them", () => {
    expect(
      pathOf([
        visit("a", 0, newsletter),
        visit("b", 1, google),
        visit("c", 2, newsletter),
        visit("d", 3, google),
        visit("e", 4),
      ]),
    ).toEqual(["a", "b"]);
  });

  it("is a new campaign, a new referrer or a new click identifier within the session", () => {
    const ad = { ...google, url: `${google.url}?gclid=xyz` };
    expect(
      pathOf([
        visit("a", 0, newsletter),
        visit("b", 1, { ...newsletter, campaign: "w41" }),
        visit("c", 2, google),
        visit("d", 3, ad),
        visit("e", 4, { ...ad, url: `${google.url}/2?gclid=xyz` }),
        visit("f", 5, { referrer: "https://blog.example/", url: google.url }),
      ]),
    ).toEqual(["a", "b", "c", "d", "f"]);
  });

  it("ends with a gap that is longer than the session's, not one as long", () => {
    expect(
      pathOf([
        visit("a", 0, newsletter),
        { ...visit("b", 0, newsletter), time: START + GAP },
        { ...visit("c", 0, newsletter), time: START + 2 * GAP + 1 },
      ]),
    ).toEqual(["a", "c"]);
  });

  it("counts what goes on as part of the session, and impressions not", () => {
    expect(pathOf([visit("a", 0, google), visit("b", 25), visit("c", 50, google)])).toEqual(["a"]);
    expect(
      pathOf([
        visit("a", 0, google),
        { ...visit("b", 25), type: "impression" },
        visit("c", 50, google),
      ]),
    ).toEqual(["a", "b", "c"]);
  });

  it("is every declared click, and a landing page goes on with the click before it", () => {
    expect(
      pathOf([
        { ...visit("a", 0, newsletter), type: "click" },
        visit("b", 0.1, {
          url: "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=w40",
        }),
        { ...visit("c", 1, newsletter), type: "click" },
        visit("d", 2),
      ]),
    ).toEqual(["a", "c"]);
  });

  it("is the first visit within the window, whatever came before", () => {
    const old = { ...visit("a", 0, newsletter), time: NOW - 30 * 86_400_000 - 1 };
    const next = { ...visit("b", 0), time: NOW - 30 * 86_400_000 };
    expect(pathOf([old, next])).toEqual(["b"]);
  });

  it("is the click of a tracking link, and its landing page goes on with it", () => {
    const landing = {
      url: `https://shop.example/?tclid=${TCLID}`,
      referrer: "https://blog.example/",
    };
    const click = { id: TCLID, type: "click", time: START, ...newsletter } as const;
    expect(pathOf([click, visit("b", 45, landing)])).toEqual([TCLID]);
    // Clocks differ: the page may be earlier than the click.
    expect(pathOf([click, visit("b", -1, landing)])).toEqual([TCLID]);
  });

  it("is the landing page of a tracking link, once, where the click is in no journey of the person", () => {
    const landing = { url: `https://shop.example/?tclid=${TCLID}&utm_campaign=w40` };
    const other = { url: "https://shop.example/?tclid=other&utm_campaign=w40" };
    expect(
      pathOf([visit("a", 0, landing), visit("b", 50, landing), visit("c", 51, other)]),
    ).toEqual(["a", "c"]);
  });

  it("has the channel of the tracking link that led to it", () => {
    const url = `https://shop.example/?tchannel=partners&tclid=${TCLID}`;
    const state = newState();
    const [result] = decodeResults(
      state.process([
        entryOf([
          { id: "a", type: "visit", time: START, userId: "u", url },
          { id: "b", type: "visit", time: START + 1, userId: "u", url, channel: "mine" },
          { id: "order", type: "conversion", time: NOW, userId: "u" },
        ]),
      ]),
    );
    expect(result).toMatchObject({ path: ["a"], channels: ["partners"] });
  });

  it("is every visit where the tenant says so", () => {
    const steps = [visit("a", 0, newsletter), visit("b", 5, newsletter), visit("c", 6)];
    const tenants = new Map([["default", { sessionGapMs: "every_visit" } as const]]);
    expect(pathOf(steps, { tenants })).toEqual(["a", "b", "c"]);
  });

  it("follows the tenant's session gap", () => {
    const steps = [visit("a", 0, newsletter), visit("b", 5, newsletter), visit("c", 10)];
    const tenants = new Map([["default", { sessionGapMs: 5 * MINUTE - 1 }]]);
    expect(pathOf(steps, { tenants })).toEqual(["a", "b", "c"]);
  });
});

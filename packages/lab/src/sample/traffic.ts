/** Where the sample's users come from, and what they buy: an invented shop's traffic. */
import type { TributaryEvent } from "@tributary/protocol";
import { hex, type Random } from "./random.ts";

/** Origin of a touchpoint. */
export type Origin = Pick<
  TributaryEvent,
  "source" | "medium" | "campaign" | "term" | "content" | "channel" | "referrer" | "url"
>;

/** One way in which users reach the shop. */
export interface TrafficSource {
  readonly weight: number;
  readonly type: "click" | "visit" | "impression";
  readonly origin: (random: Random) => Origin;
  /** Multiplies the odds that a journey with it ends in a purchase. */
  readonly pull: number;
}

const SHOP = "https://shop.example";

const pick = (random: Random, items: readonly [string, ...string[]]): string =>
  items[Math.floor(random() * items.length)] ?? items[0];

const page = (random: Random): string =>
  `${SHOP}/${pick(random, ["", "tents", "boots", "backpacks", "sale", "guides/first-hike"])}`;

/** A mix like that of a real log: tagged, untagged, auto-tagged by click ID, by referrer alone, and direct. */
export const TRAFFIC: readonly [TrafficSource, ...TrafficSource[]] = [
  {
    weight: 17,
    type: "click",
    pull: 1.3,
    origin: (random) => ({
      source: "google",
      medium: "cpc",
      campaign: pick(random, ["brand-eu", "autumn-boots", "tents-generic"]),
      term: pick(random, ["hiking boots", "light tent", "trail shop"]),
      url: `${page(random)}?gclid=${hex(random, 24)}`,
    }),
  },
  {
    weight: 6,
    type: "visit",
    pull: 1.2,
    origin: (random) => ({ url: `${page(random)}?gad_source=1&gclid=${hex(random, 24)}` }),
  },
  {
    weight: 14,
    type: "visit",
    pull: 1,
    origin: (random) => ({
      referrer: pick(random, [
        "https://www.google.com/",
        "https://www.bing.com/search",
        "https://duckduckgo.com/",
      ]),
      url: page(random),
    }),
  },
  {
    weight: 12,
    type: "click",
    pull: 0.9,
    origin: (random) => ({
      source: pick(random, ["facebook", "instagram"]),
      medium: "paid_social",
      campaign: pick(random, ["lookalike-eu", "retargeting-cart"]),
      content: pick(random, ["video-a", "carousel-b"]),
      url: `${page(random)}?fbclid=${hex(random, 24)}`,
    }),
  },
  {
    weight: 6,
    type: "visit",
    pull: 0.6,
    origin: (random) => ({
      referrer: pick(random, ["https://www.reddit.com/r/hiking/", "https://www.instagram.com/"]),
      url: page(random),
    }),
  },
  {
    weight: 11,
    type: "click",
    pull: 1.6,
    origin: (random) => ({
      source: "newsletter",
      medium: "email",
      campaign: pick(random, ["2026-w40", "2026-w41", "2026-w42", "win-back"]),
      url: page(random),
    }),
  },
  {
    weight: 13,
    type: "impression",
    pull: 0.4,
    origin: (random) => ({
      source: "dv360",
      medium: "display",
      campaign: pick(random, ["reach-autumn", "brand-video"]),
      content: pick(random, ["300x250", "728x90"]),
    }),
  },
  {
    weight: 5,
    type: "click",
    pull: 1.4,
    origin: (random) => ({
      source: pick(random, ["trailblog", "gear-review"]),
      medium: "affiliate",
      campaign: "partners",
      url: `${page(random)}?irclickid=${hex(random, 16)}`,
    }),
  },
  {
    weight: 4,
    type: "visit",
    pull: 0.8,
    origin: (random) => ({
      referrer: "https://outdoor-forum.example/threads/4711",
      url: page(random),
    }),
  },
  {
    weight: 3,
    type: "click",
    pull: 1.1,
    origin: () => ({ channel: "podcast", source: "trail-talk", campaign: "episode-12" }),
  },
  { weight: 12, type: "visit", pull: 0.9, origin: (random) => ({ url: page(random) }) },
];

/** Kinds of conversions, with their value in cents. */
export const GOALS: readonly [Goal, ...Goal[]] = [
  { weight: 74, name: "purchase", minCents: 1490, maxCents: 24_900 },
  { weight: 8, name: "purchase", minCents: 24_900, maxCents: 89_900 },
  { weight: 12, name: "subscription", minCents: 490, maxCents: 991 },
  { weight: 6, name: "workshop", minCents: 5900, maxCents: 5901 },
];

export interface Goal {
  readonly weight: number;
  readonly name: string;
  readonly minCents: number;
  /** Not included. */
  readonly maxCents: number;
}

export const CUSTOM_NAMES: readonly [string, ...string[]] = [
  "add_to_cart",
  "size_guide",
  "wishlist",
];

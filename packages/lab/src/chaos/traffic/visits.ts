/** How the people of a chaos run come to the site, and how they go on there. */
import type { PlainEvent } from "@tributary/oracle";
import { below, type Random } from "../../sample/random.ts";

/** What a touchpoint says of where it came from. */
type Way = Pick<PlainEvent, "channel" | "source" | "medium" | "campaign" | "referrer" | "url">;

const SHOP = "https://shop.example";

/** Ways of which each brings a person. */
export const ARRIVALS: readonly [Way, ...Way[]] = [
  { channel: "email" },
  { channel: "email", source: "news", medium: "email", campaign: "spring" },
  { channel: "email", source: "News", medium: "Email", campaign: "autumn" },
  { channel: "paid_search", source: "google", medium: "cpc", referrer: "https://www.google.com/" },
  { channel: "paid_search", referrer: "https://google.com/", url: `${SHOP}/?gclid=x` },
  { channel: "organic_search", referrer: "https://www.google.com/search", url: `${SHOP}/tents` },
  { channel: "referral", referrer: "https://blog.example/post", url: SHOP },
  { channel: "display" },
  { channel: "direct" },
];
const WAYS_BACK: readonly [Way, ...Way[]] = [
  { channel: "direct", referrer: "https://www.paypal.com/checkout", url: `${SHOP}/thanks` },
  { channel: "direct", referrer: `${SHOP}/tents`, url: `${SHOP}/boots` },
  { channel: "direct" },
];

/** The page that a tracking link led to. */
export function landingOf({ id, channel = "direct" }: PlainEvent): Way {
  return { channel, referrer: "https://mail.example/", url: `${SHOP}/?tclid=${id}` };
}

/** How a person goes on: by the same way again, back from elsewhere, or by another way. */
export function wayOn(before: PlainEvent, random: Random): Way {
  const kind = random();
  const { channel = "direct", source, medium, campaign, referrer, url } = before;
  if (kind < 0.4) {
    return {
      channel,
      ...(source === undefined ? {} : { source }),
      ...(medium === undefined ? {} : { medium }),
      ...(campaign === undefined ? {} : { campaign }),
      ...(referrer === undefined ? {} : { referrer }),
      ...(url === undefined ? {} : { url }),
    };
  }
  const ways = kind < 0.8 ? WAYS_BACK : ARRIVALS;
  return ways[below(random, ways.length)] ?? ways[0];
}

import fc from "fast-check";
import type { PlainEvent } from "@tributary/oracle";

const MINUTE = 60_000;

/** What a click or visit says of where it came from, such that some of a person's are alike. */
export const origin: fc.Arbitrary<
  Pick<PlainEvent, "channel" | "source" | "medium" | "campaign" | "referrer" | "url">
> = fc.record(
  {
    channel: fc.constantFrom("email", "direct", "paid_search"),
    source: fc.constantFrom("news", "NEWS", "google"),
    campaign: fc.constantFrom("spring", "Spring", "autumn"),
    referrer: fc.constantFrom(
      "https://www.google.com/search",
      "https://GOOGLE.com",
      "blog.example/post",
      "android-app://com.shop.app",
      "no host",
    ),
    url: fc.constantFrom(
      "https://shop.example/",
      "https://shop.example/?a=1&gclid=x",
      "https://shop.example/?tclid=e1",
      "https://shop.example/?x=&tclid=&tclid=e2#tclid=e1",
      "https://shop.example/?tclid=nowhere",
    ),
  },
  { requiredKeys: ["channel"] },
);

/** Times before `now` of which many are in one session of 30 minutes, and some at its very bound. */
export function sessionTime(now: number): fc.Arbitrary<number> {
  return fc
    .tuple(fc.nat(4), fc.constantFrom(0, 1, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1))
    .map(([gaps, more]) => now - gaps * 30 * MINUTE - more);
}

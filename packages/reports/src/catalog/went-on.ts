import {
  type ChannelRule,
  type Origin,
  originOf,
  SessionArrivals,
  type SessionGap,
} from "@tributary/attribution";
import type { UserTouch } from "@tributary/warehouse";
import { WENT_ON_BY_RULE, type WentOnReason } from "../answers/conversion.ts";

/** The arrival that a visit goes on with, and why. */
export interface WentOn {
  readonly arrival: UserTouch;
  readonly because: WentOnReason;
}

/**
 * Finds the visits that go on with an arrival: docs/models.md, "Arrivals".
 * @param touches that a conversion's path is made of, in any order @param ruleOf the rule behind a touchpoint's channel
 * @returns by event ID
 */
export function findWentOn(
  touches: readonly UserTouch[],
  gapMs: SessionGap,
  ruleOf: (touch: UserTouch) => ChannelRule,
): ReadonlyMap<string, WentOn> {
  const found = new Map<string, WentOn>();
  if (gapMs === "every_visit") return found;
  const path = touches
    .filter(({ type }) => type !== "impression")
    .toSorted((a, b) => a.time - b.time || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  const origins = path.map(originOf);
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? numbers.size + 1;
    numbers.set(text, number);
    return number;
  };
  const sessions = new SessionArrivals();
  sessions.begin(gapMs);
  for (const [i, touch] of path.entries()) {
    const origin = origins[i] as Origin;
    const { signature, referrerHost, byReferrer, isDirect } = origin;
    const link = linkClickOf(path, origins, i);
    const place = sessions.take(
      i,
      touch.time,
      touch.type === "click",
      isDirect,
      byReferrer,
      numberOf(`signature ${signature}`),
      referrerHost === "" ? 0 : numberOf(`referrer ${referrerHost}`),
      link,
    );
    const arrival = path[place];
    if (place === i || arrival === undefined) continue;
    const because = link >= 0 ? "its_click" : reasonOf(touch, origin, ruleOf);
    found.set(touch.id, { arrival, because });
  }
  return found;
}

/** Place of the click that a landing page stands for, else of the first page that does; −1 for other touchpoints. */
function linkClickOf(
  path: readonly UserTouch[],
  origins: readonly Origin[],
  place: number,
): number {
  const linkClick = origins[place]?.linkClick ?? "";
  if (linkClick === "" || path[place]?.type !== "visit") return -1;
  const click = path.findIndex(({ id, type }) => type === "click" && id === linkClick);
  if (click >= 0) return click;
  return path.findIndex(({ type }, i) => type === "visit" && origins[i]?.linkClick === linkClick);
}

function reasonOf(
  touch: UserTouch,
  { byReferrer, isDirect }: Origin,
  ruleOf: (touch: UserTouch) => ChannelRule,
): WentOnReason {
  if (isDirect) return WENT_ON_BY_RULE[ruleOf(touch)] ?? "direct";
  if (byReferrer) return "same_referrer";
  const { source, medium, campaign } = touch;
  return `${source}${medium}${campaign}` === "" ? "same_channel" : "same_campaign";
}

import { type PlainSessionGap, withoutWhatGoesOn } from "./arrivals.ts";
import { unitsOf } from "./decimal.ts";
import { DEFAULT_IDENTITY_RULES, type IdentityRules, ownersOf } from "./identity.ts";
import { plainWeights } from "./models.ts";
import { duplicateOrdersOf, senderOf } from "./orders.ts";

/** The fields of an event that decide a result. */
export interface PlainEvent {
  readonly id: string;
  readonly type: "impression" | "click" | "visit" | "conversion" | "custom" | "identify" | "refund";
  /** ms since 1970. */
  readonly time: number;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly channel?: string;
  readonly source?: string;
  readonly medium?: string;
  readonly campaign?: string;
  readonly referrer?: string;
  readonly url?: string;
  /** Decimal with at most twelve places. */
  readonly value?: string;
  readonly currency?: string;
  readonly orderId?: string;
  readonly name?: string;
}

export interface PlainResult {
  /** IDs of the touchpoints, in order. */
  readonly path: readonly string[];
  /** Their channels. */
  readonly channels: readonly string[];
  /** By model: each touchpoint's credit; empty where there is none. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** In units of 10^-12, after refunds; 0 where the conversion has no value. */
  readonly value: bigint;
}

/** What the platform is set to, ms. */
export interface PlainRules {
  /** Lookback: how far back a click or visit is seen. */
  readonly click: number;
  /** How far back an impression is seen. */
  readonly view: number;
  /** Of sessions, within which visits go on with an arrival; 30 minutes where it is left out. */
  readonly sessionGap?: PlainSessionGap;
  /** Of time_decay. */
  readonly halfLife: number;
  /** Channels that last_non_direct passes over; `direct` where it is left out. */
  readonly direct?: readonly string[];
  /** Who is who; nobody is anybody else where it is left out. */
  readonly identity?: IdentityRules;
  /** Whether different orders have the same ID: then no conversion is a duplicate order, and refunds stay in their journey. */
  readonly reusedOrderIds?: boolean;
}

const DAY = 86_400_000;
const SESSION_GAP = 30 * 60_000;
/** Distinguishes a user from an anonymous ID of the same text. */
const OWNER_PREFIX = 2;
/** The platform's defaults. */
export const DEFAULT_RULES: PlainRules = {
  click: 30 * DAY,
  view: DAY,
  halfLife: 7 * DAY,
  identity: DEFAULT_IDENTITY_RULES,
};

/**
 * What each conversion's last result must be, written plainly over all events at once: no batches, and no order of arrival but that
 * which decides about orders.
 * @param sent events of one tenant, in any order; of those with one ID and user the first counts
 * @param duplicateOrders conversions in the place of which another one of their order counts, see {@link duplicateOrdersOf}
 * @returns by `user/ID` of the conversion, where the user is the one whose the conversion is
 */
export function expectedResults(
  sent: readonly PlainEvent[],
  rules: PlainRules = DEFAULT_RULES,
  duplicateOrders: ReadonlySet<string> = duplicateOrdersOf(sent, rules),
): Map<string, PlainResult> {
  const ownerOf = ownersOf(sent, rules.identity);
  const events = sent.filter((event) => {
    return event.type !== "conversion" || !duplicateOrders.has(senderOf(event));
  });
  const refunds = events.filter(({ type }) => type === "refund");
  const unique = new Map<string, PlainEvent & { readonly owner: string }>();
  // Where a person's event was sent under several user keys, that of the user counts, else that of the lowest anonymous ID.
  const known = events.filter(({ userId }) => userId !== undefined);
  const others = events
    .filter(({ userId }) => userId === undefined)
    .toSorted(({ anonymousId: a = "" }, { anonymousId: b = "" }) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
  for (const event of [...known, ...others]) {
    const owner = ownerOf(event);
    const key = JSON.stringify([owner, event.id]);
    if (!unique.has(key)) unique.set(key, { ...event, owner });
  }
  const results = new Map<string, PlainResult>();
  for (const [owner, journey] of Map.groupBy(unique.values(), (event) => event.owner)) {
    for (const conversion of journey.filter(({ type }) => type === "conversion")) {
      results.set(
        `${owner.slice(OWNER_PREFIX)}/${conversion.id}`,
        resultOf(conversion, journey, rules, rules.reusedOrderIds === true ? [] : refunds),
      );
    }
  }
  return results;
}

function resultOf(
  conversion: PlainEvent,
  journey: readonly PlainEvent[],
  rules: PlainRules,
  refunds: readonly PlainEvent[],
): PlainResult {
  const inWindow = journey
    .filter((touch) => {
      const age = conversion.time - touch.time;
      if (touch.type === "impression") return age >= 0 && age <= rules.view;
      return (touch.type === "click" || touch.type === "visit") && age >= 0 && age <= rules.click;
    })
    .toSorted((a, b) => a.time - b.time || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  const touches = withoutWhatGoesOn(inWindow, rules.sessionGap ?? SESSION_GAP);
  return {
    path: touches.map(({ id }) => id),
    channels: touches.map(({ channel }) => channel ?? ""),
    weights: plainWeights(
      touches.map((touch) => ({
        age: conversion.time - touch.time,
        direct: (rules.direct ?? ["direct"]).includes(touch.channel ?? ""),
      })),
      rules.halfLife,
    ),
    value: valueOf(conversion, journey, refunds),
  };
}

/** @param refunds of everybody: each event ID takes its part off an order once, that of the journey first */
function valueOf(
  conversion: PlainEvent,
  journey: readonly PlainEvent[],
  refunds: readonly PlainEvent[],
): bigint {
  if (conversion.value === undefined) return 0n;
  let left = unitsOf(conversion.value);
  const taken = new Set<string>();
  for (const refund of [...journey, ...refunds]) {
    if (refund.type !== "refund" || refund.orderId === undefined) continue;
    if (refund.orderId !== conversion.orderId || taken.has(refund.id)) continue;
    taken.add(refund.id);
    if (refund.value === undefined) return 0n;
    if (refund.currency === conversion.currency) left -= unitsOf(refund.value);
  }
  return left > 0n ? left : 0n;
}

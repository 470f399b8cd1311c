import { unitsOf } from "./decimal.ts";
import { DEFAULT_IDENTITY_RULES, type IdentityRules, ownersOf } from "./identity.ts";
import { plainWeights } from "./models.ts";

/** The fields of an event that decide a result. */
export interface PlainEvent {
  readonly id: string;
  readonly type: "impression" | "click" | "visit" | "conversion" | "custom" | "identify" | "refund";
  /** ms since 1970. */
  readonly time: number;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly channel?: string;
  /** Decimal with at most twelve places. */
  readonly value?: string;
  readonly currency?: string;
  readonly orderId?: string;
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
  /** Of time_decay. */
  readonly halfLife: number;
  /** Channels that last_non_direct passes over; `direct` where it is left out. */
  readonly direct?: readonly string[];
  /** Who is who; nobody is anybody else where it is left out. */
  readonly identity?: IdentityRules;
}

const DAY = 86_400_000;
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
 * What each conversion's last result must be, written plainly over all events at once: no order of arrival, no batches.
 * @param events of one tenant, in any order; of those with one ID and user the first counts
 * @returns by `user/ID` of the conversion, where the user is the one whose the conversion is
 */
export function expectedResults(
  events: readonly PlainEvent[],
  rules: PlainRules = DEFAULT_RULES,
): Map<string, PlainResult> {
  const ownerOf = ownersOf(events, rules.identity);
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
        resultOf(conversion, journey, rules),
      );
    }
  }
  return results;
}

function resultOf(
  conversion: PlainEvent,
  journey: readonly PlainEvent[],
  rules: PlainRules,
): PlainResult {
  const touches = journey
    .filter((touch) => {
      const age = conversion.time - touch.time;
      if (touch.type === "impression") return age >= 0 && age <= rules.view;
      return (touch.type === "click" || touch.type === "visit") && age >= 0 && age <= rules.click;
    })
    .toSorted((a, b) => a.time - b.time || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
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
    value: valueOf(conversion, journey),
  };
}

function valueOf(conversion: PlainEvent, journey: readonly PlainEvent[]): bigint {
  if (conversion.value === undefined) return 0n;
  let left = unitsOf(conversion.value);
  for (const refund of journey) {
    if (refund.type !== "refund" || refund.orderId === undefined) continue;
    if (refund.orderId !== conversion.orderId) continue;
    if (refund.value === undefined) return 0n;
    if (refund.currency === conversion.currency) left -= unitsOf(refund.value);
  }
  return left > 0n ? left : 0n;
}

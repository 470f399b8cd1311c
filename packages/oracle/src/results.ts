import { plainWeights } from "./models.ts";

/** The fields of an event that decide a result. */
export interface PlainEvent {
  readonly id: string;
  readonly type: "impression" | "click" | "visit" | "conversion" | "custom" | "identify" | "refund";
  /** ms since 1970. */
  readonly time: number;
  readonly userId: string;
  readonly channel?: string;
  /** Decimal with at most two places. */
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
  /** Cents, after refunds; undefined where the conversion has no value. */
  readonly cents: number | undefined;
}

/** Lookback, ms: how far back a click or visit, and an impression, is seen. */
export interface PlainWindows {
  readonly click: number;
  readonly view: number;
}

/** The platform's defaults. */
const WINDOWS: PlainWindows = { click: 30 * 86_400_000, view: 86_400_000 };

/**
 * What each conversion's last result must be, written plainly over all events at once: no order of arrival, no batches.
 * @param events of one tenant, in any order; of those with one ID and user the first counts
 * @returns by `user/ID` of the conversion
 */
export function expectedResults(
  events: readonly PlainEvent[],
  windows: PlainWindows = WINDOWS,
): Map<string, PlainResult> {
  const unique = new Map<string, PlainEvent>();
  for (const event of events) {
    const key = JSON.stringify([event.userId, event.id]);
    if (!unique.has(key)) unique.set(key, event);
  }
  const results = new Map<string, PlainResult>();
  for (const [userId, journey] of Map.groupBy(unique.values(), (event) => event.userId)) {
    for (const conversion of journey.filter(({ type }) => type === "conversion")) {
      results.set(`${userId}/${conversion.id}`, resultOf(conversion, journey, windows));
    }
  }
  return results;
}

function resultOf(
  conversion: PlainEvent,
  journey: readonly PlainEvent[],
  windows: PlainWindows,
): PlainResult {
  const touches = journey
    .filter((touch) => {
      const age = conversion.time - touch.time;
      if (touch.type === "impression") return age >= 0 && age <= windows.view;
      return (touch.type === "click" || touch.type === "visit") && age >= 0 && age <= windows.click;
    })
    .toSorted((a, b) => a.time - b.time || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  return {
    path: touches.map(({ id }) => id),
    channels: touches.map(({ channel }) => channel ?? ""),
    weights: plainWeights(
      touches.map((touch) => ({
        age: conversion.time - touch.time,
        direct: touch.channel === "direct",
      })),
    ),
    cents: centsOf(conversion, journey),
  };
}

function centsOf(conversion: PlainEvent, journey: readonly PlainEvent[]): number | undefined {
  if (conversion.value === undefined) return undefined;
  let cents = Math.round(Number(conversion.value) * 100);
  for (const refund of journey) {
    if (refund.type !== "refund" || refund.orderId === undefined) continue;
    if (refund.orderId !== conversion.orderId) continue;
    if (refund.value === undefined) cents = 0;
    else if (refund.currency === conversion.currency) {
      cents -= Math.round(Number(refund.value) * 100);
    }
  }
  return Math.max(0, cents);
}

import { plainWeights } from "./plain-models.ts";

/** An event as the tests write it. */
export interface PlainEvent {
  readonly id: string;
  readonly type: "impression" | "click" | "visit" | "conversion" | "custom" | "identify" | "refund";
  readonly time: number;
  readonly userId: string;
  readonly channel?: string;
  readonly value?: string;
  readonly currency?: string;
  readonly orderId?: string;
}

export interface PlainResult {
  readonly path: readonly string[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** Cents, after refunds; undefined where the conversion has no value. */
  readonly cents: number | undefined;
}

/** Lookback windows, ms: the platform's defaults. */
const WINDOWS = { click: 30 * 86_400_000, view: 86_400_000 };

/**
 * What each conversion's last result must be, written plainly over all events at once: no order of arrival, no batches.
 * Shares no code with the journeys.
 */
export function expectedResults(
  events: readonly PlainEvent[],
  windows: { readonly click: number; readonly view: number } = WINDOWS,
): Map<string, PlainResult> {
  const unique = new Map<string, PlainEvent>();
  for (const event of events) {
    const key = JSON.stringify([event.userId, event.id]);
    if (!unique.has(key)) unique.set(key, event);
  }
  const all = [...unique.values()];
  const results = new Map<string, PlainResult>();
  for (const conversion of all.filter(({ type }) => type === "conversion")) {
    const touches = all
      .filter((touch) => {
        if (touch.userId !== conversion.userId) return false;
        const age = conversion.time - touch.time;
        if (touch.type === "impression") return age >= 0 && age <= windows.view;
        return (
          (touch.type === "click" || touch.type === "visit") && age >= 0 && age <= windows.click
        );
      })
      .toSorted((a, b) => a.time - b.time || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    const refunds = all.filter(
      ({ type, userId, orderId }) =>
        type === "refund" &&
        userId === conversion.userId &&
        orderId === conversion.orderId &&
        orderId !== undefined,
    );
    let cents =
      conversion.value === undefined ? undefined : Math.round(Number(conversion.value) * 100);
    if (cents !== undefined) {
      for (const refund of refunds) {
        if (refund.value === undefined) cents = 0;
        else if (refund.currency === conversion.currency) {
          cents -= Math.round(Number(refund.value) * 100);
        }
      }
      cents = Math.max(0, cents);
    }
    results.set(`${conversion.userId}/${conversion.id}`, {
      path: touches.map(({ id }) => id),
      weights: plainWeights(
        touches.map((touch) => ({
          age: conversion.time - touch.time,
          direct: touch.channel === "direct",
        })),
      ),
      cents,
    });
  }
  return results;
}

import type { PathTransform } from "@tributary/attribution";
import type { AfterConversion, JourneyRules } from "./journey-rules.ts";

/** The rules of a report, as its answer shows them. */
export interface ShownRules {
  readonly clickWindowMs: number;
  readonly viewWindowMs: number;
  /** Of time_decay. */
  readonly halfLifeMs: number;
  /** Of conversions by their name, where they differ. */
  readonly windows?: Readonly<
    Record<string, { readonly clickWindowMs: number; readonly viewWindowMs: number }>
  >;
  readonly viewThrough: boolean;
  readonly clickBeatsImpression: boolean;
  readonly afterConversion: AfterConversion;
  readonly transform: PathTransform;
  /** As dimension:value. */
  readonly leaveOut?: readonly string[];
  /** Touchpoints of converting users that were left out. */
  readonly leftOutTouchpoints?: number;
}

export function shownRules(
  rules: JourneyRules,
  transform: PathTransform,
  leftOutTouchpoints: number | undefined,
): ShownRules {
  const { clickWindowMs, viewWindowMs, halfLifeMs, viewThrough, clickBeatsImpression } = rules;
  const { windows, leaveOut, afterConversion } = rules;
  return {
    clickWindowMs,
    viewWindowMs,
    halfLifeMs,
    ...(windows.size === 0 ? {} : { windows: Object.fromEntries(windows) }),
    viewThrough,
    clickBeatsImpression,
    afterConversion,
    transform,
    ...(leaveOut.length === 0
      ? {}
      : { leaveOut: leaveOut.map(({ dimension, value }) => `${dimension}:${value || "(none)"}`) }),
    ...(leftOutTouchpoints === undefined ? {} : { leftOutTouchpoints }),
  };
}

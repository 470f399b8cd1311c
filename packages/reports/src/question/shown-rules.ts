import { isDeepStrictEqual } from "node:util";
import { DIRECT_CHANNELS, type PathTransform } from "@tributary/attribution";
import type { AfterConversion, JourneyRules, Windows } from "./journey-rules.ts";

/** The rules of a report, as its answer shows them. */
export interface ShownRules {
  /** Null where the age does not matter. */
  readonly clickWindowMs: number | null;
  readonly viewWindowMs: number | null;
  /** Of time_decay. */
  readonly halfLifeMs: number;
  /** Of conversions by their name, where they differ. */
  readonly windows?: Readonly<
    Record<string, { readonly clickWindowMs: number | null; readonly viewWindowMs: number | null }>
  >;
  readonly viewThrough: boolean;
  readonly clickBeatsImpression: boolean;
  readonly afterConversion: AfterConversion;
  /** Where conversions are touchpoints themselves. */
  readonly conversionTouch?: true;
  readonly transform: PathTransform;
  /** Channels that last_non_direct passes over, where they are the tenant's own. */
  readonly directChannels?: readonly string[];
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
  const { halfLifeMs, viewThrough, clickBeatsImpression } = rules;
  const { windows, leaveOut, afterConversion, directChannels } = rules;
  return {
    ...shownWindows(rules),
    halfLifeMs,
    ...(windows.size === 0
      ? {}
      : {
          windows: Object.fromEntries([...windows].map(([name, of]) => [name, shownWindows(of)])),
        }),
    viewThrough,
    clickBeatsImpression,
    afterConversion,
    ...(rules.conversionTouch ? { conversionTouch: true as const } : {}),
    transform,
    ...(isDeepStrictEqual(directChannels, DIRECT_CHANNELS) ? {} : { directChannels }),
    ...(leaveOut.length === 0
      ? {}
      : { leaveOut: leaveOut.map(({ dimension, value }) => `${dimension}:${value || "(none)"}`) }),
    ...(leftOutTouchpoints === undefined ? {} : { leftOutTouchpoints }),
  };
}

/** JSON has no infinity. */
function shownWindows({ clickWindowMs, viewWindowMs }: Windows): {
  clickWindowMs: number | null;
  viewWindowMs: number | null;
} {
  const shown = (ms: number): number | null => (ms === Infinity ? null : ms);
  return { clickWindowMs: shown(clickWindowMs), viewWindowMs: shown(viewWindowMs) };
}

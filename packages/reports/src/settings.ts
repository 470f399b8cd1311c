import { DEFAULT_JOURNEY_OPTIONS } from "@tributary/attribution";
import { DEFAULT_LEAD, type JourneyRules } from "./journey-rules.ts";

const DAY_MS = 86_400_000;

/** What reports go by: what the workers are configured with, and bounds on what may be asked. */
export interface ReportSettings {
  readonly clickWindowMs: number;
  readonly viewWindowMs: number;
  readonly halfLifeMs: number;
  /** How much older than the largest event time a conversion may be and still be attributed exactly. */
  readonly latenessMs: number;
  /** The longest window and half-life that may be asked for, ms. */
  readonly maxWindowMs: number;
}

export const DEFAULT_REPORT_SETTINGS: ReportSettings = Object.freeze({
  clickWindowMs: DEFAULT_JOURNEY_OPTIONS.clickWindowMs,
  viewWindowMs: DEFAULT_JOURNEY_OPTIONS.viewWindowMs,
  halfLifeMs: DEFAULT_JOURNEY_OPTIONS.models.timeDecay.halfLifeMs,
  latenessMs: DEFAULT_JOURNEY_OPTIONS.latenessMs,
  maxWindowMs: 400 * DAY_MS,
});

/** The rules by which the workers attribute. */
export function configuredRules(settings: ReportSettings): JourneyRules {
  return {
    clickWindowMs: settings.clickWindowMs,
    viewWindowMs: settings.viewWindowMs,
    halfLifeMs: settings.halfLifeMs,
    windows: new Map(),
    viewThrough: true,
    clickBeatsImpression: false,
    leaveOut: [],
    afterConversion: "keep",
    lead: DEFAULT_LEAD,
  };
}

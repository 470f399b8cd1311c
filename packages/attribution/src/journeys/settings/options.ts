import type { ChannelSettings } from "../../channel/tenant-rules.ts";
import { DEFAULT_SESSION_GAP_MS, type SessionGap } from "../../arrivals/session-arrivals.ts";
import { DEFAULT_MODEL_OPTIONS, type ModelOptions } from "../../models/registry.ts";

/** Settings of a partition's journeys. */
export interface JourneyOptions {
  /** How long before a conversion a click or visit still counts, ms, inclusive. */
  readonly clickWindowMs: number;
  /** How long before a conversion an impression still counts, ms, inclusive. */
  readonly viewWindowMs: number;
  /** Within a session, visits that bring nothing new go on with an arrival: docs/models.md. */
  readonly sessionGapMs: SessionGap;
  /**
   * Facts are held for the longest window and this much more, ms, behind the watermark of their tenant: what
   * concerns an older conversion may find its touchpoints gone, and is counted.
   */
  readonly latenessMs: number;
  /**
   * Most touchpoints of one user that are no direct visits, as many custom events, as many identifies, and half as many direct
   * visits; further ones are dropped and counted. Bounds the cost of a single event.
   */
  readonly maxFactsPerUser: number;
  /** Most conversions and refunds of one user; further ones are dropped and counted. */
  readonly maxConversionsPerUser: number;
  /** Most facts of a partition, an eighth more for conversions and refunds; further ones are dropped and counted. */
  readonly maxFacts: number;
  /** Most users of a partition, an eighth more by conversions, refunds and identifies; further ones' events are dropped and counted. */
  readonly maxUsers: number;
  /** A batch takes no further entry once its results are about this large, bytes. */
  readonly maxResultBytes: number;
  readonly models: ModelOptions;
  readonly identity: IdentityOptions;
  /** Tenants' own settings, by the tenant's name. */
  readonly tenants: ReadonlyMap<string, TenantJourneyOptions>;
}

/** A tenant's own settings. */
export interface TenantJourneyOptions {
  /** At most the longer of the platform's windows: facts are held for that long. */
  readonly clickWindowMs?: number | undefined;
  readonly viewWindowMs?: number | undefined;
  readonly sessionGapMs?: SessionGap | undefined;
  readonly channels?: ChannelSettings | undefined;
  /** Whether the tenant gives different orders the same ID: then an order's conversions all count. */
  readonly reusedOrderIds?: boolean | undefined;
}

/** Which anonymous IDs count for which user. */
export interface IdentityOptions {
  /** Anonymous IDs of a user, the first ones by event time; 0 links nothing. */
  readonly maxAnonymousIds: number;
  /** Placeholders in either ID, compared without case and surrounding spaces. */
  readonly unlinkedIds: readonly string[];
}

/** Values that clients send in place of an ID, as seen in many trackers' data. */
const UNLINKED_IDS = [
  "",
  "0",
  "-1",
  "null",
  "undefined",
  "none",
  "nil",
  "nan",
  "true",
  "false",
  "unknown",
  "anonymous",
  "guest",
  "(not set)",
  "[object object]",
  "00000000-0000-0000-0000-000000000000",
];

const DAY_MS = 86_400_000;

export const DEFAULT_JOURNEY_OPTIONS: JourneyOptions = Object.freeze({
  clickWindowMs: 30 * DAY_MS,
  viewWindowMs: DAY_MS,
  sessionGapMs: DEFAULT_SESSION_GAP_MS,
  latenessMs: DAY_MS,
  maxFactsPerUser: 1000,
  maxConversionsPerUser: 2000,
  maxFacts: 50_000_000,
  maxUsers: 10_000_000,
  maxResultBytes: 32 * 2 ** 20,
  models: DEFAULT_MODEL_OPTIONS,
  identity: { maxAnonymousIds: 32, unlinkedIds: UNLINKED_IDS },
  tenants: new Map<string, TenantJourneyOptions>(),
});

import type { ChannelSettings } from "../../channel/tenant-rules.ts";
import { DEFAULT_MODEL_OPTIONS, type ModelOptions } from "../../models/registry.ts";

/** What the journeys of a partition go by. */
export interface JourneyOptions {
  /** How long before a conversion a click or visit still counts, ms, inclusive. */
  readonly clickWindowMs: number;
  /** How long before a conversion an impression still counts, ms, inclusive. */
  readonly viewWindowMs: number;
  /**
   * Facts are held for the longest window and this much more, ms, behind the largest event time of their tenant: what
   * concerns an older conversion may find its touchpoints gone, and is counted.
   */
  readonly latenessMs: number;
  /** Facts kept of one user; what comes above is dropped and counted. Bounds the cost of a single event. */
  readonly maxFactsPerUser: number;
  /** Facts kept in a partition; what comes above is dropped and counted. */
  readonly maxFacts: number;
  /** Users kept in a partition; the events of further ones are dropped and counted. */
  readonly maxUsers: number;
  readonly models: ModelOptions;
  readonly identity: IdentityOptions;
  /** What tenants want otherwise, by their name. */
  readonly tenants: ReadonlyMap<string, TenantJourneyOptions>;
}

/** What a tenant wants otherwise. */
export interface TenantJourneyOptions {
  /** At most the longer of everybody's windows, for so long facts are held. */
  readonly clickWindowMs?: number | undefined;
  readonly viewWindowMs?: number | undefined;
  readonly channels?: ChannelSettings | undefined;
}

/** Which anonymous IDs count for which user. */
export interface IdentityOptions {
  /** Anonymous IDs of a user, the first ones by event time; 0 links nothing. */
  readonly maxAnonymousIds: number;
  /** Values of either ID that stand for nothing, whatever their case and surrounding spaces. */
  readonly unlinkedIds: readonly string[];
}

/** What clients send where they have no ID, as seen in many trackers' data. */
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
  latenessMs: DAY_MS,
  maxFactsPerUser: 1000,
  maxFacts: 50_000_000,
  maxUsers: 10_000_000,
  models: DEFAULT_MODEL_OPTIONS,
  identity: { maxAnonymousIds: 32, unlinkedIds: UNLINKED_IDS },
  tenants: new Map<string, TenantJourneyOptions>(),
});

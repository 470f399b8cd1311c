/**
 * The event: what a client sends and every later stage reads.
 * The same shape travels as JSON and as msgpack; see docs/event-api.md.
 */

/** The kinds of event, in the order of their code in the batch entry. Never reorder: codes are stored. */
export const EVENT_TYPES = [
  "impression",
  "click",
  "visit",
  "conversion",
  "custom",
  "identify",
  "refund",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export const TYPE_IMPRESSION = 0;
export const TYPE_CLICK = 1;
export const TYPE_VISIT = 2;
export const TYPE_CONVERSION = 3;
export const TYPE_CUSTOM = 4;
export const TYPE_IDENTIFY = 5;
export const TYPE_REFUND = 6;

/** True for the codes of the types that are touchpoints by themselves. */
export function isTouchpointType(typeCode: number): boolean {
  return typeCode <= TYPE_VISIT;
}

/** One event as a client writes it. Lengths are bounded in bytes of UTF-8, see {@link EVENT_LIMITS}. */
export interface TributaryEvent {
  readonly id: string;
  readonly type: EventType;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly source?: string;
  readonly medium?: string;
  readonly campaign?: string;
  readonly term?: string;
  readonly content?: string;
  readonly channel?: string;
  readonly referrer?: string;
  readonly url?: string;
  readonly name?: string;
  /** Decimal text (`"19.99"`), exact; or a number, rounded to 12 digits after the point. */
  readonly value?: string | number;
  /** ISO 4217 code. */
  readonly currency?: string;
  readonly orderId?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The fields that travel as dictionary codes, in the order of their columns in the entry. */
export const DIMENSION_FIELDS = [
  "source",
  "medium",
  "campaign",
  "term",
  "content",
  "channel",
] as const;

/** Every field of an event, in the order of the scanner's field numbers. */
export const EVENT_FIELDS = [
  "id",
  "type",
  "time",
  "userId",
  "anonymousId",
  ...DIMENSION_FIELDS,
  "referrer",
  "url",
  "name",
  "value",
  "currency",
  "orderId",
  "properties",
] as const;

export type DimensionField = (typeof DIMENSION_FIELDS)[number];

/** What reports tell conversions apart by, beside the touchpoints that led to them. */
export const CONVERSION_DIMENSIONS = [
  "conversion",
  "currency",
  "hour",
  "day",
  "week",
  "month",
] as const;
export type ConversionDimension = (typeof CONVERSION_DIMENSIONS)[number];

export const DIMENSION_COUNT = 6;
/** Column of the channel among the dimensions. */
export const CHANNEL_DIMENSION = 5;

/** Upper bounds of one event. Strings are measured in bytes of UTF-8. */
export const EVENT_LIMITS = Object.freeze({
  idBytes: 64,
  userKeyBytes: 128,
  utmBytes: 256,
  channelBytes: 64,
  urlBytes: 2048,
  nameBytes: 128,
  orderIdBytes: 64,
  propertiesBytes: 8192,
  propertiesDepth: 8,
  /** Digits before the point of a money value. */
  valueIntegerDigits: 15,
  /** An earlier `time` is refused: it is nearly always seconds sent as milliseconds. 2000-01-01. */
  minTimeMs: 946_684_800_000,
});

/** A Segment event as one of ours. docs/segment.md has the table. */
import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import {
  EVENT_LIMITS,
  type EventType,
  isCurrency,
  parseDecimal,
  type Refusal,
} from "@tributary/protocol";
import { isRecord } from "./body.ts";
import {
  add,
  cut,
  type Fields,
  firstOf,
  type OmitField,
  recordOf,
  shown,
  textOf,
} from "./fields.ts";
import { addOrigin, isWithinSite, namesSource, type Origin, originOf } from "./origin.ts";
import { fitsProperties } from "./properties-size.ts";
import type { SegmentRules } from "./rules.ts";
import { eventTimeOf, type SenderClock } from "./sender-clock.ts";

/** Segment's calls. */
export const SEGMENT_CALLS = ["track", "page", "screen", "identify", "group", "alias"] as const;

export type SegmentCall = (typeof SEGMENT_CALLS)[number];

/** The user agent in an event's context; undefined where it has none. */
export function userAgentOf(sent: unknown): string | undefined {
  return isRecord(sent) ? textOf(recordOf(sent["context"])["userAgent"]) : undefined;
}

/** Why an event cannot be one of ours. */
export type Reason = Omit<Refusal, "index">;

/**
 * Maps one event.
 * @param call of the request's path; undefined where the event says it itself
 * @param clock of its sender
 * @returns one of our events, which is validated like any other, or why it is none
 */
export function mapEvent(
  sent: unknown,
  call: SegmentCall | undefined,
  rules: SegmentRules,
  clock: SenderClock,
  omit: OmitField,
): { event: Record<string, unknown> } | { refused: Reason } {
  if (!isRecord(sent)) return refuse("event", "expected an object");
  const kind = call ?? callOf(sent);
  if (kind === undefined) {
    return refuse("type", `expected one of ${SEGMENT_CALLS.join(", ")}`);
  }
  const stamp = sent["timestamp"] ?? sent["originalTimestamp"];
  const time = eventTimeOf(sent, stamp, clock);
  if (time === undefined) {
    return refuse("time", "timestamp: expected an ISO 8601 time, or ms since 1970");
  }
  const properties = recordOf(sent["properties"]);
  const name = textOf(sent["event"]);
  if (kind === "track" && name === undefined) {
    return refuse("name", "event: a track call needs the name of what happened");
  }
  // An alias joins two IDs: without both it would be taken and change nothing.
  if (kind === "alias" && textOf(sent["previousId"]) === undefined) {
    return refuse("anonymousId", "previousId: an alias call needs the ID from before");
  }
  if (kind === "alias" && textOf(sent["userId"]) === undefined) {
    return refuse("userId", "userId: an alias call needs the ID from now on");
  }
  const origin = originOf(sent, properties);
  const type = typeOf(kind, name, origin, rules);
  const event: Record<string, unknown> = { id: idOf(sent, stamp), type, time };
  add(event, "userId", textOf(sent["userId"]));
  add(event, "anonymousId", anonymousIdOf(kind, sent, omit));
  addName(event, kind, name ?? textOf(sent["name"]), omit);
  if (type === "conversion" || type === "refund") addMoney(event, properties, rules, omit);
  else if (type !== "identify") addOrigin(event, origin, omit);
  addProperties(event, kind, sent, omit);
  return { event };
}

function refuse(field: string, reason: string): { refused: Reason } {
  return { refused: { field, reason } };
}

function callOf(sent: Fields): SegmentCall | undefined {
  const said = sent["type"] ?? sent["action"];
  return SEGMENT_CALLS.find((call) => call === said);
}

function typeOf(
  call: SegmentCall,
  name: string | undefined,
  origin: Origin,
  rules: SegmentRules,
): EventType {
  switch (call) {
    case "track":
      if (name === undefined) return "custom";
      if (rules.conversions.has(name)) return "conversion";
      if (rules.refunds.has(name)) return "refund";
      if (rules.touchpoints.has(name)) return "click";
      return rules.campaigns.has(name) && namesSource(origin) ? "visit" : "custom";
    case "page":
      return isWithinSite(origin) ? "custom" : "visit";
    case "screen":
      return "visit";
    case "identify":
    case "alias":
      return "identify";
    case "group":
      return "custom";
  }
}

function anonymousIdOf(call: SegmentCall, sent: Fields, omit: OmitField): string | undefined {
  const own = textOf(sent["anonymousId"]);
  if (call !== "alias") return own;
  const previous = textOf(sent["previousId"]);
  if (own !== undefined && own !== previous && own !== textOf(sent["userId"])) {
    omit("anonymousId", "an alias joins previousId alone; an identify joins this ID");
  }
  return previous;
}

/** The sender's own ID where it fits, else a hash of it; without any, one by which the same event is known again. */
function idOf(sent: Fields, stamp: unknown): string {
  const own = textOf(sent["messageId"]);
  if (own !== undefined) return shortened(own, EVENT_LIMITS.idBytes);
  // Without a time of its own, an event that comes twice looks like two that happened.
  if (stamp === undefined || stamp === null) return randomUUID();
  const { sentAt: _, ...event } = sent;
  return sha256(JSON.stringify(event));
}

/** 64 characters, as many as an ID may have. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function shortened(text: string, most: number): string {
  return Buffer.byteLength(text) <= most ? text : sha256(text);
}

function addName(
  event: Record<string, unknown>,
  call: SegmentCall,
  name: string | undefined,
  omit: OmitField,
): void {
  const otherwise = call === "group" || event["type"] === "custom" ? call : undefined;
  add(event, "name", cut(name ?? otherwise, EVENT_LIMITS.nameBytes, "name", omit));
}

function addMoney(
  event: Record<string, unknown>,
  properties: Fields,
  rules: SegmentRules,
  omit: OmitField,
): void {
  const orderId = textOf(firstOf(properties, rules.orderId));
  if (orderId !== undefined) event["orderId"] = shortened(orderId, EVENT_LIMITS.orderIdBytes);
  const found = firstOf(properties, rules.value);
  if (found === undefined) return;
  const value = moneyOf(found, event["type"] === "refund");
  if (value === undefined) {
    omit("value", `expected a decimal ≥ 0, got ${shown(found)}; taken without a value`);
    return;
  }
  const said = firstOf(properties, rules.currency);
  const currency = said === undefined ? rules.defaultCurrency : textOf(said)?.toUpperCase();
  if (currency === undefined || !isCurrency(currency)) {
    omit("currency", `expected an ISO 4217 code, got ${shown(said)}; taken without a value`);
    return;
  }
  event["value"] = value;
  event["currency"] = currency;
}

/** Money as our events take it. Refunds are written as negative revenue by some. */
function moneyOf(found: unknown, isRefund: boolean): string | number | undefined {
  if (typeof found === "number") {
    const amount = isRefund ? Math.abs(found) : found;
    return amount >= 0 && amount < 1e15 ? amount : undefined;
  }
  const text = textOf(found);
  const amount = isRefund ? text?.replace(/^-/, "") : text;
  return amount !== undefined && parseDecimal(amount) !== undefined ? amount : undefined;
}

function addProperties(
  event: Record<string, unknown>,
  call: SegmentCall,
  sent: Fields,
  omit: OmitField,
): void {
  const own = propertiesOf(call, sent);
  if (Object.keys(own).length === 0) return;
  if (fitsProperties(own)) event["properties"] = own;
  else {
    const { propertiesBytes, propertiesDepth } = EVENT_LIMITS;
    const bound = `at most ${propertiesBytes} bytes and a depth of ${propertiesDepth}`;
    omit("properties", `expected ${bound}; taken without them`);
  }
}

/** The sender's own data, with the fields of the call that have no place in our event. */
function propertiesOf(call: SegmentCall, sent: Fields): Fields {
  switch (call) {
    case "identify":
      return isRecord(sent["traits"])
        ? sent["traits"]
        : recordOf(recordOf(sent["context"])["traits"]);
    case "group":
      return withField("groupId", sent, recordOf(sent["traits"]));
    case "page":
    case "screen":
      return withField("category", sent, recordOf(sent["properties"]));
    case "track":
    case "alias":
      return recordOf(sent["properties"]);
  }
}

function withField(field: string, sent: Fields, own: Fields): Fields {
  const value = textOf(sent[field]);
  return value === undefined || own[field] !== undefined ? own : { ...own, [field]: value };
}

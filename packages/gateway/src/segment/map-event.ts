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
import { fitsProperties } from "./properties-size.ts";
import type { SegmentRules } from "./rules.ts";

/** Segment's calls. */
export const SEGMENT_CALLS = ["track", "page", "screen", "identify", "group", "alias"] as const;

export type SegmentCall = (typeof SEGMENT_CALLS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** The user agent in an event's context; undefined where it has none. */
export function userAgentOf(sent: unknown): string | undefined {
  return isRecord(sent) ? textOf(recordOf(sent["context"])["userAgent"]) : undefined;
}

/** Why an event cannot be one of ours. */
export type Reason = Omit<Refusal, "index">;

/** Notified of a field that is dropped or cut; the event itself is taken. */
export type OmitField = (field: string, reason: string) => void;

const NOTHING: Fields = Object.freeze({});
const CAMPAIGN_FIELDS = [
  ["source", "source"],
  ["medium", "medium"],
  ["campaign", "name"],
  ["term", "term"],
  ["content", "content"],
] as const;
/** Query parameters that make a page the landing of an advertisement, wherever its link was. */
const ADVERTISED = /[?&](?:utm_[a-z]+|[a-z]*clid|clickid|gad_source|gbraid|wbraid)=/i;

/**
 * Maps one event.
 * @param call of the request's path; undefined where the event says it itself
 * @param nowMs time of an event that has none
 * @returns one of our events, which is validated like any other, or why it is none
 */
export function mapEvent(
  sent: unknown,
  call: SegmentCall | undefined,
  rules: SegmentRules,
  nowMs: number,
  omit: OmitField,
): { event: Record<string, unknown> } | { refused: Reason } {
  if (!isRecord(sent)) return refuse("event", "expected an object");
  const kind = call ?? callOf(sent);
  if (kind === undefined) {
    return refuse("type", `expected one of ${SEGMENT_CALLS.join(", ")}`);
  }
  const stamp = sent["originalTimestamp"] ?? sent["timestamp"];
  const time = stamp === undefined || stamp === null ? nowMs : timeOf(stamp);
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
  const type = typeOf(kind, name, properties, sent, rules);
  const event: Record<string, unknown> = { id: idOf(sent, stamp), type, time };
  add(event, "userId", textOf(sent["userId"]));
  add(event, "anonymousId", textOf(kind === "alias" ? sent["previousId"] : sent["anonymousId"]));
  addName(event, kind, name ?? textOf(sent["name"]), omit);
  if (type === "conversion" || type === "refund") addMoney(event, properties, rules, omit);
  else if (type !== "identify") addOrigin(event, sent, properties, omit);
  addProperties(event, kind, sent, omit);
  return { event };
}

/** A field that is not there is never set: an object that fields were deleted of is slow to pack. */
function add(event: Record<string, unknown>, field: string, value: string | undefined): void {
  if (value !== undefined) event[field] = value;
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
  properties: Fields,
  sent: Fields,
  rules: SegmentRules,
): EventType {
  switch (call) {
    case "track":
      if (name !== undefined && rules.conversions.has(name)) return "conversion";
      if (name !== undefined && rules.refunds.has(name)) return "refund";
      return name !== undefined && rules.touchpoints.has(name) ? "click" : "custom";
    case "page":
      return isWithinSite(sent, properties) ? "custom" : "visit";
    case "screen":
      return "visit";
    case "identify":
    case "alias":
      return "identify";
    case "group":
      return "custom";
  }
}

/** A page that was reached from another one of the same site is no arrival: it belongs to the visit that goes on. */
function isWithinSite(sent: Fields, properties: Fields): boolean {
  const context = recordOf(sent["context"]);
  if (Object.keys(recordOf(context["campaign"])).length > 0) return false;
  const url = urlOf(context, properties);
  const referrer = referrerOf(context, properties);
  if (url === undefined || referrer === undefined || ADVERTISED.test(url)) return false;
  const host = hostOf(url);
  return host !== undefined && host === hostOf(referrer);
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

function addOrigin(
  event: Record<string, unknown>,
  sent: Fields,
  properties: Fields,
  omit: OmitField,
): void {
  const context = recordOf(sent["context"]);
  const campaign = recordOf(context["campaign"]);
  for (const [field, from] of CAMPAIGN_FIELDS) {
    add(event, field, cut(textOf(campaign[from]), EVENT_LIMITS.utmBytes, field, omit));
  }
  add(event, "url", cut(urlOf(context, properties), EVENT_LIMITS.urlBytes, "url", omit));
  const referrer = referrerOf(context, properties);
  add(event, "referrer", cut(referrer, EVENT_LIMITS.urlBytes, "referrer", omit));
}

function urlOf(context: Fields, properties: Fields): string | undefined {
  const page = recordOf(context["page"]);
  const url = textOf(page["url"]) ?? textOf(properties["url"]);
  const search = textOf(page["search"]) ?? textOf(properties["search"]);
  // A page's canonical address may lack the query, and with it the click ID.
  if (url === undefined || search === undefined || url.includes("?")) return url;
  return search.startsWith("?") ? url + search : url;
}

function referrerOf(context: Fields, properties: Fields): string | undefined {
  return textOf(recordOf(context["page"])["referrer"]) ?? textOf(properties["referrer"]);
}

function addProperties(
  event: Record<string, unknown>,
  call: SegmentCall,
  sent: Fields,
  omit: OmitField,
): void {
  const own = sent[call === "identify" || call === "group" ? "traits" : "properties"];
  if (!isRecord(own) || Object.keys(own).length === 0) return;
  if (fitsProperties(own)) event["properties"] = own;
  else {
    const { propertiesBytes, propertiesDepth } = EVENT_LIMITS;
    const bound = `at most ${propertiesBytes} bytes and a depth of ${propertiesDepth}`;
    omit("properties", `expected ${bound}; taken without them`);
  }
}

function firstOf(properties: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : NOTHING;
}

/** Text, or a number that was meant as one; undefined for nothing and for anything else. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

function timeOf(stamp: unknown): number | undefined {
  const ms = typeof stamp === "string" ? Date.parse(stamp) : stamp;
  return typeof ms === "number" && Number.isFinite(ms) ? Math.floor(ms) : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.replace(/^www\./, "");
}

/** A text of at most so many bytes of UTF-8. */
function cut(
  text: string | undefined,
  most: number,
  field: string,
  omit: OmitField,
): string | undefined {
  if (text === undefined || text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  omit(field, `expected at most ${most} bytes, got ${bytes.length}; cut`);
  let end = most;
  // Not within a character: its later bytes are 10xxxxxx.
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 40);
}

/** The requests of the bench's load generator: built once, then only IDs, times and users are written into them. */
import { Buffer } from "node:buffer";
import { packEvents } from "@tributary/protocol";

/** Forms of a body: the event API's two, and that of Segment's clients. */
export const BODY_FORMS = ["json", "msgpack", "segment"] as const;

/** The shape of every request. */
export interface BodyShape {
  readonly form: (typeof BODY_FORMS)[number];
  readonly eventsPerRequest: number;
  /** Approximate bytes of an event; longer events carry properties, as those of Segment's clients do. */
  readonly eventBytes: number;
  /** Write key of the request's tenant; undefined where none is needed. */
  readonly writeKey: string | undefined;
}

/** One event in so many is a conversion. */
const EVENTS_PER_CONVERSION = 50;

const NUMBER_DIGITS = 12;
const USER_DIGITS = 9;
const PLAIN_PREFIX = "e-";
/** Prefix of conversions' IDs, before a number from 0: the count alone names all that were sent. */
export const CONVERSION_PREFIX = "c-";
/** Placeholders, found again in the packed body. All are of fixed width. */
const NUMBER_MARK = "#".repeat(NUMBER_DIGITS);
const USER_MARK = "%".repeat(USER_DIGITS);
/** A time unlike anything else in the body, with as many digits as the times written over it. */
const TIME_MARK = 1_999_999_999_999;

const SOURCES = ["google", "facebook", "newsletter", "bing", "tiktok", "partner", "linkedin"];
const MEDIUMS = ["cpc", "social", "email", "display", "referral"];
const TYPES = ["click", "visit", "impression"];
const CAMPAIGNS = 40;

/** {@link TIME_MARK} in the form of Segment's clients: ISO 8601, of fixed width as well. */
const ISO_MARK = new Date(TIME_MARK).toISOString();

/** Four decimal digits of each number below 10,000. */
const DIGITS = Buffer.from(
  Array.from({ length: 10_000 }, (_, i) => String(i).padStart(4, "0")).join(""),
);

/** One request with its HTTP head, whose events are replaced in place. */
export class RequestBuffer {
  readonly bytes: Buffer;
  readonly events: number;
  /** Events of it that are conversions. */
  readonly conversions: number;
  readonly #form: BodyShape["form"];
  readonly #numbers: readonly number[];
  readonly #orders: readonly number[];
  readonly #times: readonly number[];
  readonly #users: readonly number[];
  readonly #isConversion: readonly boolean[];

  /** @param index number of the request, which decides its conversions and campaigns */
  constructor(shape: BodyShape, index: number) {
    this.events = shape.eventsPerRequest;
    this.#form = shape.form;
    const numbers = Array.from({ length: this.events }, (_, i) => index * this.events + i);
    this.#isConversion = numbers.map((n) => n % EVENTS_PER_CONVERSION === 0);
    this.conversions = this.#isConversion.filter(Boolean).length;
    const events = numbers.map((n) => templateEvent(n, shape));
    const body = bodyOf(events, shape);
    const head = Buffer.from(headOf(shape, body.length));
    this.bytes = Buffer.concat([head, body]);
    const marks = placesOf(this.bytes, Buffer.from(NUMBER_MARK));
    // An order ID follows its conversion's ID.
    let place = 0;
    const ids: number[] = [];
    const orders: number[] = [];
    for (const isConversion of this.#isConversion) {
      ids.push(marks[place] as number);
      place += 1;
      if (!isConversion) continue;
      orders.push(marks[place] as number);
      place += 1;
    }
    this.#numbers = ids;
    this.#orders = orders;
    this.#times = placesOf(this.bytes, timeText(TIME_MARK, this.#form));
    this.#users = placesOf(this.bytes, Buffer.from(USER_MARK));
  }

  /**
   * Replaces the events.
   * @param number of the first that is no conversion @param conversion number of the first conversion
   * @param timeMs of all, ms since 1970 @param nextUser gives a user's number, below 10^9
   */
  renew(number: number, conversion: number, timeMs: number, nextUser: () => number): void {
    const { bytes } = this;
    let plain = number;
    let sale = conversion;
    let order = 0;
    for (let i = 0; i < this.events; i += 1) {
      const at = this.#numbers[i] as number;
      if (this.#isConversion[i] === true) {
        writeNumber(bytes, at, sale);
        writeNumber(bytes, this.#orders[order] as number, sale);
        order += 1;
        sale += 1;
      } else {
        writeNumber(bytes, at, plain);
        plain += 1;
      }
      writeUser(bytes, this.#users[i] as number, nextUser());
    }
    const text = timeText(timeMs, this.#form);
    for (const at of this.#times) text.copy(bytes, at);
  }
}

function bodyOf(events: readonly Record<string, unknown>[], { form }: BodyShape): Buffer {
  if (form === "msgpack") return Buffer.from(packEvents(events));
  return Buffer.from(JSON.stringify(form === "json" ? events : { batch: events }));
}

/** A time in the form of a body. */
function timeText(ms: number, form: BodyShape["form"]): Buffer {
  if (form === "json") return Buffer.from(String(ms));
  if (form === "segment") return Buffer.from(new Date(ms).toISOString());
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(ms);
  return bytes;
}

function templateEvent(n: number, { form, eventBytes }: BodyShape): Record<string, unknown> {
  const plain = plainEvent(n);
  const event = form === "segment" ? asSegment(plain) : plain;
  const missing = eventBytes - JSON.stringify(event).length;
  if (missing > 40) {
    event["properties"] = { ...(event["properties"] as object), ...propertiesOf(missing - 40) };
  }
  return event;
}

/** The same event in the form of Segment's clients. */
function asSegment(event: Record<string, unknown>): Record<string, unknown> {
  const { id, type, userId, source, medium, campaign, value, currency, orderId } = event;
  const common = { messageId: id, timestamp: ISO_MARK, userId };
  if (type === "conversion") {
    const properties = { revenue: value, currency, order_id: orderId };
    return { type: "track", event: "Order Completed", ...common, properties };
  }
  return { type: "page", ...common, context: { campaign: { source, medium, name: campaign } } };
}

function plainEvent(n: number): Record<string, unknown> {
  const isConversion = n % EVENTS_PER_CONVERSION === 0;
  const event: Record<string, unknown> = {
    id: (isConversion ? CONVERSION_PREFIX : PLAIN_PREFIX) + NUMBER_MARK,
    type: isConversion ? "conversion" : TYPES[n % TYPES.length],
    time: TIME_MARK,
    userId: `u${USER_MARK}`,
  };
  if (isConversion) {
    event["value"] = `${10 + (n % 190)}.${10 + (n % 90)}`;
    event["currency"] = "EUR";
    event["orderId"] = `o-${NUMBER_MARK}`;
  } else {
    event["source"] = SOURCES[n % SOURCES.length];
    event["medium"] = MEDIUMS[n % MEDIUMS.length];
    event["campaign"] = `autumn-collection-${String(n % CAMPAIGNS).padStart(2, "0")}`;
  }
  return event;
}

/** Properties like those of a page view, of approximately this many bytes. */
function propertiesOf(bytes: number): Record<string, unknown> {
  const properties: Record<string, unknown> = { title: "Autumn collection", width: 1440 };
  for (let i = 0; JSON.stringify(properties).length < bytes; i += 1) {
    properties[`attribute_${i}`] = "a value of usual length";
  }
  return properties;
}

function headOf(shape: BodyShape, length: number): string {
  const type = shape.form === "msgpack" ? "application/msgpack" : "application/json";
  const path = shape.form === "segment" ? "/v1/batch" : "/v1/events";
  const key = shape.writeKey === undefined ? "" : `authorization: Bearer ${shape.writeKey}\r\n`;
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\n${key}content-length: ${length}\r\n\r\n`;
}

function placesOf(bytes: Buffer, mark: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    places.push(at);
  }
  return places;
}

function writeNumber(bytes: Buffer, at: number, value: number): void {
  const upper = Math.floor(value / 10_000);
  copyFour(bytes, at, Math.floor(upper / 10_000));
  copyFour(bytes, at + 4, upper % 10_000);
  copyFour(bytes, at + 8, value % 10_000);
}

function writeUser(bytes: Buffer, at: number, user: number): void {
  const upper = Math.floor(user / 10_000);
  bytes[at] = 0x30 + Math.floor(upper / 10_000);
  copyFour(bytes, at + 1, upper % 10_000);
  copyFour(bytes, at + 5, user % 10_000);
}

function copyFour(bytes: Buffer, at: number, value: number): void {
  const from = value * 4;
  for (let i = 0; i < 4; i += 1) bytes[at + i] = DIGITS[from + i] as number;
}

import { brotliCompressSync, gzipSync } from "node:zlib";
import { encode } from "../support/msgpack-bytes.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type RedisServer } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const NOW = Date.now();
const good = { id: "good-1", type: "click", time: NOW, userId: "u1" };
const JSON_TYPE = "application/json";
const MSGPACK_TYPE = "application/msgpack";

interface BadCase {
  readonly name: string;
  readonly body: string | Buffer;
  readonly type?: string;
  readonly encoding?: string;
  readonly status: number;
  readonly code?: string;
  readonly field?: string;
  readonly reason: RegExp;
}

/** A single bad event, sent as JSON: nothing can be taken, so 400 `all_refused`. */
const event = (
  name: string,
  change: Record<string, unknown>,
  field: string,
  reason: RegExp,
): BadCase => ({
  name,
  body: JSON.stringify({ ...good, ...change }),
  status: 400,
  code: "all_refused",
  field,
  reason,
});
const whole = (
  name: string,
  body: string | Buffer,
  type: string | undefined,
  status: number,
  code: string,
  reason: RegExp,
  encoding?: string,
): BadCase => ({
  name,
  body,
  status,
  code,
  reason,
  ...(type === undefined ? {} : { type }),
  ...(encoding === undefined ? {} : { encoding }),
});

const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });

const CASES: readonly BadCase[] = [
  event("no id", { id: undefined }, "id", /required/),
  event("null id", { id: null }, "id", /required/),
  event("empty id", { id: "" }, "id", /1 to 64 bytes, got 0/),
  event("id of 65 bytes", { id: "x".repeat(65) }, "id", /1 to 64 bytes, got 65/),
  event("numeric id", { id: 7 }, "id", /expected a string, got an integer/),
  event("list as id", { id: ["a"] }, "id", /expected a string, got an array/),
  event("no type", { type: undefined }, "type", /required/),
  event("unknown type", { type: "clik" }, "type", /one of impression, click, .* got "clik"/),
  event("type in capitals", { type: "CLICK" }, "type", /got "CLICK"/),
  event("numeric type", { type: 1 }, "type", /expected a string/),
  event("no time", { time: undefined }, "time", /required/),
  event("time as text", { time: "2026-11-01" }, "time", /integer, ms since 1970, got a string/),
  event("time with a fraction", { time: NOW + 0.5 }, "time", /integer, ms since 1970/),
  event(
    "time in seconds",
    { time: Math.floor(NOW / 1000) },
    "time",
    /after the year 2000.*seconds\?/,
  ),
  event("time in microseconds", { time: NOW * 1000 }, "time", /ahead of the server's clock/),
  event("negative time", { time: -1 }, "time", /after the year 2000/),
  event("time beyond integers", { time: 1e300 }, "time", /integer/),
  event("time two days ahead", { time: NOW + 2 * 86_400_000 }, "time", /at most 86400 s ahead/),
  event("boolean time", { time: true }, "time", /got a boolean/),
  event("nobody", { userId: undefined }, "userId", /userId or anonymousId, both are absent/),
  event("null as user", { userId: null }, "userId", /both are absent/),
  event("empty user", { userId: "" }, "userId", /1 to 128 bytes, got 0/),
  event("user of 129 bytes", { userId: "u".repeat(129) }, "userId", /got 129/),
  event("numeric user", { userId: 12 }, "userId", /expected a string/),
  event("empty anonymousId", { anonymousId: "" }, "anonymousId", /1 to 128/),
  event("anonymousId as map", { anonymousId: {} }, "anonymousId", /got a map/),
  event("source of 257 bytes", { source: "s".repeat(257) }, "source", /at most 256 bytes, got 257/),
  event("medium as number", { medium: 5 }, "medium", /expected a string/),
  event("campaign as list", { campaign: ["x"] }, "campaign", /expected a string, got an array/),
  event(
    "campaign of 86 three-byte characters",
    { campaign: "語".repeat(86) },
    "campaign",
    /got 258/,
  ),
  event("term too long", { term: "t".repeat(300) }, "term", /at most 256/),
  event("content as boolean", { content: false }, "content", /got a boolean/),
  event("channel of 65 bytes", { channel: "c".repeat(65) }, "channel", /at most 64 bytes/),
  event(
    "referrer too long",
    { referrer: `https://a/${"x".repeat(2048)}` },
    "referrer",
    /at most 2048/,
  ),
  event("url as number", { url: 1 }, "url", /expected a string/),
  event("url too long", { url: "u".repeat(2049) }, "url", /at most 2048 bytes, got 2049/),
  event("name of 129 bytes", { name: "n".repeat(129) }, "name", /at most 128/),
  event(
    "negative value",
    { value: -5, currency: "EUR" },
    "value",
    /from 0 to below 10\^15, got -5/,
  ),
  event("value as word", { value: "ten", currency: "EUR" }, "value", /decimal ≥ 0 .* got "ten"/),
  event("value with a comma", { value: "1,50", currency: "EUR" }, "value", /decimal/),
  event(
    "value with 13 digits after the point",
    { value: "0.0000000000001", currency: "EUR" },
    "value",
    /12 after the point/,
  ),
  event("value with an exponent", { value: "1e3", currency: "EUR" }, "value", /decimal/),
  event("value too large", { value: 1e15, currency: "EUR" }, "value", /below 10\^15/),
  event("value as map", { value: {}, currency: "EUR" }, "value", /string or number, got a map/),
  event("value without a currency", { value: 5 }, "currency", /required with a value/),
  event(
    "currency of two letters",
    { value: 5, currency: "EU" },
    "currency",
    /ISO 4217 .* got "EU"/,
  ),
  event("currency in small letters", { value: 5, currency: "eur" }, "currency", /capitals/),
  event("currency that is none", { value: 5, currency: "ZZZ" }, "currency", /ISO 4217/),
  event("orderId of 65 bytes", { orderId: "o".repeat(65) }, "orderId", /at most 64/),
  event("refund without an order", { type: "refund" }, "orderId", /required for a refund/),
  event("properties as text", { properties: "x" }, "properties", /expected a map/),
  event("properties as list", { properties: [1] }, "properties", /expected a map/),
  event("properties 9 deep", { properties: deep(9) }, "properties", /depth of at most 8/),
  event(
    "properties of 8,193 bytes",
    { properties: { a: "x".repeat(8192) } },
    "properties",
    /at most 8192 bytes/,
  ),
  event("a misspelt field", { campagin: "x" }, "campagin", /unknown field/),
  event("snake case", { user_id: "x" }, "user_id", /unknown field/),
  event("__proto__ as field", { ["__proto__x"]: 1 }, "__proto__x", /unknown field/),
  {
    name: "an event that is a number",
    body: "[1]",
    status: 400,
    code: "all_refused",
    field: "event",
    reason: /map of fields, got an integer/,
  },
  {
    name: "an event that is null",
    body: "[null]",
    status: 400,
    code: "all_refused",
    field: "event",
    reason: /got null/,
  },
  {
    name: "an event that is a list",
    body: "[[]]",
    status: 400,
    code: "all_refused",
    field: "event",
    reason: /got an array/,
  },
  {
    name: "a large event",
    body: JSON.stringify({
      ...good,
      properties: { a: "x".repeat(8000) },
      url: "u".repeat(2000),
      referrer: "r".repeat(2000),
    }),
    status: 400,
    code: "all_refused",
    field: "event",
    reason: /at most 9000 bytes/,
  },

  whole("empty body", "", JSON_TYPE, 400, "body_empty", /empty/),
  whole("white space", "  \n ", JSON_TYPE, 400, "body_empty", /empty/),
  whole("empty list", "[]", JSON_TYPE, 400, "body_empty", /no event/),
  whole("empty events", '{"events":[]}', JSON_TYPE, 400, "body_empty", /no event/),
  whole("not JSON", "{id:1}", JSON_TYPE, 400, "body_malformed", /not valid JSON/),
  whole("JSON cut off", '{"events":[{"id":"a"', JSON_TYPE, 400, "body_malformed", /not valid JSON/),
  whole(
    "a JSON string",
    '"hello"',
    JSON_TYPE,
    400,
    "body_malformed",
    /expected an event, an array.*got a string/,
  ),
  whole("a JSON number", "12", JSON_TYPE, 400, "body_malformed", /got an integer/),
  whole(
    "events is a map",
    '{"events":{}}',
    JSON_TYPE,
    400,
    "body_malformed",
    /events: expected an array, got a map/,
  ),
  whole(
    "sentAt as text",
    JSON.stringify({ sentAt: "now", events: [good] }),
    JSON_TYPE,
    400,
    "body_malformed",
    /sentAt: expected an integer/,
  ),
  whole(
    "nesting without end",
    "[".repeat(60_000),
    JSON_TYPE,
    400,
    "body_malformed",
    /not valid JSON|nested too deeply/,
  ),
  whole(
    "nesting without end, closed",
    "[".repeat(30_000) + "]".repeat(30_000),
    JSON_TYPE,
    400,
    "body_malformed",
    /nested too deeply|not valid JSON/,
  ),
  whole(
    "too many events",
    JSON.stringify(Array.from({ length: 101 }, () => good)),
    JSON_TYPE,
    413,
    "too_many_events",
    /101 events; at most 100/,
  ),
  whole(
    "too many lines",
    `${JSON.stringify(good)}\n`.repeat(101),
    "application/x-ndjson",
    413,
    "too_many_events",
    /more than 100 lines/,
  ),
  whole(
    "too many bytes",
    `[${" ".repeat(70_000)}]`,
    JSON_TYPE,
    413,
    "body_too_large",
    /larger than 65536 bytes/,
  ),
  whole(
    "a gzip bomb",
    gzipSync(Buffer.alloc(5_000_000, 32)),
    JSON_TYPE,
    413,
    "body_too_large",
    /unpacks to more than 65536/,
    "gzip",
  ),
  whole(
    "a brotli bomb",
    brotliCompressSync(Buffer.alloc(5_000_000, 32)),
    JSON_TYPE,
    413,
    "body_too_large",
    /unpacks to more than/,
    "br",
  ),
  whole(
    "not gzip",
    Buffer.from("hello"),
    JSON_TYPE,
    400,
    "body_malformed",
    /not valid gzip/,
    "gzip",
  ),
  whole(
    "not zstd",
    Buffer.from("hello"),
    JSON_TYPE,
    400,
    "body_malformed",
    /not valid zstd/,
    "zstd",
  ),
  whole(
    "unknown encoding",
    JSON.stringify(good),
    JSON_TYPE,
    415,
    "unsupported_encoding",
    /gzip, br, zstd, deflate or identity, got "compress"/,
    "compress",
  ),
  whole(
    "no type",
    JSON.stringify(good),
    undefined,
    415,
    "unsupported_media_type",
    /application\/json/,
  ),
  whole(
    "a form",
    "a=b",
    "application/x-www-form-urlencoded",
    415,
    "unsupported_media_type",
    /x-www-form-urlencoded/,
  ),
  whole(
    "plain text",
    JSON.stringify(good),
    "text/plain",
    415,
    "unsupported_media_type",
    /text\/plain/,
  ),
  {
    ...whole(
      "a line that is not JSON",
      "{oops\n",
      "application/x-ndjson",
      400,
      "all_refused",
      /not valid JSON/,
    ),
    field: "event",
  },
  whole(
    "msgpack of one byte",
    Buffer.from([0xc1]),
    MSGPACK_TYPE,
    400,
    "body_malformed",
    /expected an event/,
  ),
  whole(
    "msgpack cut off in the first event",
    encode([good]).subarray(0, 20),
    MSGPACK_TYPE,
    400,
    "body_malformed",
    /ends in the middle/,
  ),
  whole(
    "a list that claims four billion events",
    Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
    MSGPACK_TYPE,
    413,
    "too_many_events",
    /4294967295 events/,
  ),
  whole(
    "a string that claims four billion bytes",
    Buffer.from([0x91, 0xdb, 0xff, 0xff, 0xff, 0xff]),
    MSGPACK_TYPE,
    400,
    "body_malformed",
    /ends in the middle/,
  ),
  {
    name: "an extension type in properties",
    body: encodeWithExtension(),
    type: MSGPACK_TYPE,
    status: 400,
    code: "all_refused",
    field: "properties",
    reason: /extension/,
  },
  {
    name: "bytes that are not UTF-8 as user",
    body: encode({ ...good, userId: Buffer.from([0xff, 0xfe]) }),
    type: MSGPACK_TYPE,
    status: 400,
    code: "all_refused",
    field: "userId",
    reason: /got binary data/,
  },
  {
    name: "a field twice",
    body: twice(),
    type: MSGPACK_TYPE,
    status: 400,
    code: "all_refused",
    field: "id",
    reason: /twice/,
  },
  {
    name: "a field name that is a number",
    body: Buffer.from([0x81, 0x01, 0x01]),
    type: MSGPACK_TYPE,
    status: 400,
    code: "all_refused",
    field: "event",
    reason: /string as field name, got an integer/,
  },
];

function encodeWithExtension(): Buffer {
  const body = encode({ ...good, properties: { at: "??????" } });
  // "at": fixstr of 6 bytes becomes a timestamp extension of the same length: d6 ff + 4 bytes is 6, so 1 byte is kept.
  const at = body.indexOf("??????") - 1;
  body.set([0xd6, 0xff, 0, 0, 0, 0, 0xc0], at);
  return Buffer.concat([body.subarray(0, at + 6), body.subarray(at + 7)]);
}

function twice(): Buffer {
  const body = encode(good);
  const extra = encode({ id: "again" });
  const joined = Buffer.concat([body, extra.subarray(1)]);
  joined[0] = 0x80 | ((joined[0] ?? 0x80) + 1);
  return joined;
}

describe("bad input", () => {
  let redis: RedisServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    redis = await startRedis();
    gateway = await startGateway(redis.url, {
      TRIBUTARY_MAX_EVENTS: "100",
      TRIBUTARY_MAX_BODY_BYTES: "65536",
      TRIBUTARY_MAX_EVENT_BYTES: "9000",
    });
  });
  afterAll(async () => {
    await gateway?.close();
    await redis?.close();
  });

  const post = async (body: string | Buffer, type: string | undefined, encoding?: string) =>
    gateway.server.inject({
      method: "POST",
      url: "/v1/events",
      payload: body,
      headers: {
        ...(type === undefined ? {} : { "content-type": type }),
        ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      },
    });

  it("is tried in at least 60 ways", () => expect(CASES.length).toBeGreaterThanOrEqual(60));

  it.each(CASES)(
    "$name: $status $code",
    async ({ body, type, encoding, status, code, field, reason, name }) => {
      const noType = name === "no type" && code === "unsupported_media_type";
      const answer = await post(body, noType ? undefined : (type ?? JSON_TYPE), encoding);
      const json = answer.json<{
        error: { code: string; reason: string };
        accepted: number;
        refused: { index: number; field: string; reason: string }[];
      }>();
      expect({ status: answer.statusCode, code: json.error.code }).toEqual({ status, code });
      expect(json.accepted).toBe(0);
      if (field === undefined) {
        expect(json.error.reason).toMatch(reason);
        expect(json.refused).toEqual([]);
      } else {
        expect(json.refused[0]).toMatchObject({ index: 0, field });
        expect(json.refused[0]?.reason).toMatch(reason);
      }
      // The gateway still serves, at once.
      const after = await post(JSON.stringify(good), JSON_TYPE);
      expect(after.statusCode).toBe(202);
    },
  );

  it("takes the good neighbours of bad events, and names the bad ones by index", async () => {
    const events = [
      good,
      { ...good, type: "x" },
      { ...good, id: "g2" },
      5,
      { ...good, userId: undefined },
    ];
    const answer = await post(JSON.stringify({ events }), JSON_TYPE);
    expect(answer.statusCode).toBe(202);
    const { accepted, refused } = answer.json<{
      accepted: number;
      refused: { index: number; field: string }[];
    }>();
    expect(accepted).toBe(2);
    expect(refused.map(({ index, field }) => [index, field])).toEqual([
      [1, "type"],
      [3, "event"],
      [4, "userId"],
    ]);
  });

  it("takes the events before the place where a msgpack body breaks off, and says that the rest was not read", async () => {
    const body = encode([good, { ...good, id: "g2" }, { ...good, id: "g3" }]);
    const answer = await post(body.subarray(0, body.length - 3), MSGPACK_TYPE);
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ accepted: 2, refused: [{ index: 2, field: "event" }] });
  });

  it("counts what it refused, by field", async () => {
    const { body } = await gateway.server.inject({ url: "/metrics" });
    expect(body).toMatch(/tributary_events_refused_total\{reason="type"\} \d+/);
  });
});

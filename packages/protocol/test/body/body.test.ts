import { Buffer } from "node:buffer";
import { pack, unpack } from "msgpackr";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packEvents, packJsonBody, packNdjsonBody, replaceEvents } from "../../src/index.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const fromJson = (body: Buffer): unknown => unpack(packJsonBody(body));
const fromNdjson = (text: string, maxEvents = 100) => {
  const { body, broken } = packNdjsonBody(bytes(text), maxEvents);
  const events: unknown = unpack(body);
  return { events, broken: [...broken] };
};

describe("a JSON body", () => {
  it.each([
    ["an event", '{"id":"a","time":1}', { id: "a", time: 1 }],
    ["a byte order mark", '\ufeff[{"id":"a"}]', [{ id: "a" }]],
    ["a key twice: the last one", '[{"id":"a","id":"b"}]', [{ id: "b" }]],
    ["a key twice: the last one, null as well", '[{"id":"a","id":null}]', [{ id: null }]],
    [
      "half a surrogate pair in a long string",
      `["${"x".repeat(70)}\\ud800"]`,
      [`${"x".repeat(70)}\ufffd`],
    ],
  ])("may be %s", (_, text, value) => expect(fromJson(bytes(text))).toEqual(value));

  it("is read with replacement characters where it is not UTF-8", () => {
    const body = Buffer.concat([bytes('["a'), Buffer.from([0xff, 0xc3]), bytes('b"]')]);
    expect(fromJson(body)).toEqual(["a\ufffd\ufffdb"]);
  });

  it("is read where it lies in a larger buffer", () => {
    const body = bytes('xx["abcdefgh"]xx').subarray(2, 14);
    expect(fromJson(body)).toEqual(["abcdefgh"]);
  });

  it.each(["", "  \n", "\ufeff", "\ufeff \ufeff"])("%j is empty", (text) => {
    expect(() => fromJson(bytes(text))).toThrow(expect.objectContaining({ code: "body_empty" }));
  });

  it.each([
    ['{"id":1', /not valid JSON: Expected ',' or '}'/],
    ["[1] 2", /not valid JSON: Unexpected non-whitespace/],
    ['["\\x"]', /not valid JSON: Bad escaped character/],
    ["[".repeat(100_000) + "]".repeat(100_000), /nested too deeply/],
  ])("%.20s is refused with the reason", (text, message) => {
    expect(() => fromJson(bytes(text))).toThrow(
      expect.objectContaining({ code: "body_malformed", message: expect.stringMatching(message) }),
    );
  });

  it("of any size is packed into the same buffer, one after another", () => {
    for (const count of [1, 20_000, 3, 200_000, 70_000]) {
      const events = Array.from({ length: count }, (_, i) => ({ i, price: i / 100 }));
      expect(fromJson(bytes(JSON.stringify(events)))).toEqual(events);
    }
  });
});

describe("an NDJSON body", () => {
  it("may have blank lines, carriage returns and a byte order mark", () => {
    const text = '\ufeff{"id":"a"}\r\n\n \u00a0\n{"id":"b"}\n{"id":"é"}';
    expect(fromNdjson(text)).toEqual({
      events: [{ id: "a" }, { id: "b" }, { id: "é" }],
      broken: [],
    });
  });

  it("has nil for a line that is not JSON, and says why", () => {
    const { events, broken } = fromNdjson('{"id":1}\n{oops\n[\n1]\n{"id":2,"id":3}\n');
    expect(events).toEqual([{ id: 1 }, null, null, null, { id: 3 }]);
    expect(broken.map(([index]) => index)).toEqual([1, 2, 3]);
    expect(broken[0]?.[1]).toMatch(/not valid JSON: Expected property name/);
  });

  it.each([15, 16, 65_535, 65_536])("may have %i lines", (count) => {
    const events = Array.from({ length: count }, (_, i) => ({ i }));
    const text = events.map((event) => JSON.stringify(event)).join("\n");
    expect(fromNdjson(text, count).events).toEqual(events);
    expect(() => fromNdjson(text, count - 1)).toThrow(
      expect.objectContaining({ code: "too_many_events" }),
    );
  });

  it("may be all replacement characters", () => {
    const line = Buffer.concat([bytes('"'), Buffer.alloc(500, 0xff), bytes('"\n')]);
    const { body } = packNdjsonBody(Buffer.concat([line, line, line]), 3);
    expect(unpack(body)).toEqual(Array.from({ length: 3 }, () => "\ufffd".repeat(500)));
  });

  it.each(["", "\n \n", "\ufeff\n"])("%j is empty", (text) => {
    expect(() => fromNdjson(text)).toThrow(expect.objectContaining({ code: "body_empty" }));
  });
});

describe("other events in their places", () => {
  const other = (event: unknown, index: number): unknown => ({ was: event, index });
  const events = [{ id: "a", custom: { deep: [1, -2.5, 2 ** 53 - 1, null, true] } }, 7, null];
  const replaced = events.map(other);

  it("are those of an array, of a batch, or the one there is, and all else of the batch stays", () => {
    expect(unpack(replaceEvents(packEvents(events), other))).toEqual(replaced);
    const batch = pack({ sentAt: 1_700_000_000_000, events });
    expect(unpack(replaceEvents(batch, other))).toEqual({
      sentAt: 1_700_000_000_000,
      events: replaced,
    });
    const one = packJsonBody(Buffer.from('{"id":"a","events":7}'));
    expect(unpack(replaceEvents(one, other))).toEqual({ was: { id: "a", events: 7 }, index: 0 });
  });

  it("are the same bytes where they are the same", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const body = packEvents(values);
        expect(replaceEvents(body, (event) => event).toString("hex")).toBe(body.toString("hex"));
      }),
    );
  });

  it("are none where it is not msgpack", () => {
    expect(() => replaceEvents(Uint8Array.of(0x92, 0x81), other)).toThrow(/^not valid msgpack: /);
  });
});

import { unpack } from "msgpackr";
import { expect, test } from "vitest";
import { type BodyShape, RequestBuffer } from "../../../src/bench/load/bodies.ts";

interface Event {
  id: string;
  type: string;
  time: number;
  userId: string;
  orderId?: string;
  properties?: object;
}

const shape: BodyShape = {
  form: "msgpack",
  eventsPerRequest: 100,
  eventBytes: 130,
  writeKey: undefined,
};

function eventsOf({ bytes }: RequestBuffer, form: BodyShape["form"]): Event[] {
  const at = bytes.indexOf("\r\n\r\n") + 4;
  const length = /content-length: (\d+)/.exec(bytes.toString("latin1", 0, at))?.[1];
  const body = bytes.subarray(at);
  expect(body).toHaveLength(Number(length));
  return (form === "json" ? JSON.parse(body.toString()) : unpack(body)) as Event[];
}

test.each(["json", "msgpack"] as const)(
  "a %s request's events are made others in place",
  (form) => {
    const request = new RequestBuffer({ ...shape, form }, 3);
    const users = [7, 999_999_999];
    let draw = 0;
    request.renew(123_456_789_012, 42, 1_764_000_000_123, () => users[draw++ % 2] as number);
    const events = eventsOf(request, form);
    expect(events).toHaveLength(100);
    expect(request.conversions).toBe(2);
    const conversions = events.filter(({ type }) => type === "conversion");
    expect(conversions.map(({ id, orderId }) => [id, orderId])).toEqual([
      ["c-000000000042", "o-000000000042"],
      ["c-000000000043", "o-000000000043"],
    ]);
    const others = events.filter(({ type }) => type !== "conversion").map(({ id }) => id);
    expect(others[0]).toBe("e-123456789012");
    expect(others.at(-1)).toBe("e-123456789109");
    expect(new Set(events.map(({ id }) => id)).size).toBe(100);
    expect(events.every(({ time }) => time === 1_764_000_000_123)).toBe(true);
    expect(events[0]?.userId).toBe("u000000007");
    expect(events[1]?.userId).toBe("u999999999");
  },
);

test("a Segment request holds the same events, in the form of its clients", () => {
  const request = new RequestBuffer({ ...shape, form: "segment", eventBytes: 500 }, 0);
  request.renew(5, 42, 1_764_000_000_123, () => 7);
  const text = request.bytes.toString("latin1");
  expect(text).toMatch(/^POST \/v1\/batch HTTP/);
  const { batch } = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as { batch: object[] };
  expect(batch[0]).toMatchObject({
    type: "track",
    event: "Order Completed",
    messageId: "c-000000000042",
    timestamp: "2025-11-24T16:00:00.123Z",
    userId: "u000000007",
    properties: { currency: "EUR", order_id: "o-000000000042" },
  });
  expect(batch[1]).toMatchObject({
    type: "page",
    messageId: "e-000000000005",
    timestamp: "2025-11-24T16:00:00.123Z",
    context: { campaign: { source: "facebook" } },
  });
  for (const event of batch) expect(JSON.stringify(event).length).toBeGreaterThan(440);
});

test("one event in fifty is a conversion, whatever a request holds", () => {
  const requests = Array.from(
    { length: 100 },
    (_, i) => new RequestBuffer({ ...shape, eventsPerRequest: 7 }, i),
  );
  expect(requests.reduce((sum, { conversions }) => sum + conversions, 0)).toBe(14);
});

test("events are about as long as asked for; long ones carry properties", () => {
  for (const eventBytes of [130, 500]) {
    const request = new RequestBuffer({ ...shape, form: "json", eventBytes }, 0);
    const events = eventsOf(request, "json");
    const mean = JSON.stringify(events).length / events.length;
    expect(mean).toBeGreaterThan(eventBytes * 0.9);
    expect(mean).toBeLessThan(eventBytes * 1.3);
    expect(events[1]?.properties === undefined).toBe(eventBytes === 130);
  }
});

test("a request carries its tenant's write key", () => {
  const { bytes } = new RequestBuffer({ ...shape, writeKey: "tenant-3" }, 0);
  expect(bytes.toString("latin1")).toContain("\r\nauthorization: Bearer tenant-3\r\n");
});

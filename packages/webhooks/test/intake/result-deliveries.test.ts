import { MODEL_NAMES } from "@tributary/attribution";
import {
  MONEY_UNIT,
  parseDecimal,
  ProtocolError,
  REASON_DUPLICATE,
  REASON_DUPLICATE_ORDER,
  REASON_MERGE,
  REASON_REFUND,
} from "@tributary/protocol";
import { conversionKey } from "@tributary/streams";
import { encodeTraceContext } from "@tributary/telemetry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { conversionOf, type Delivery } from "../../src/delivery/delivery.ts";
import { resultSchema } from "../../src/delivery/payload.ts";
import { deliveriesOf } from "../../src/intake/result-deliveries.ts";
import { type Result, resultBlock, T0 } from "../support/blocks.ts";

const WANTED = new Set(["default", "other"]);
const TRACE = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
};

function deliveries(results: readonly Result[], entry = `${T0}-0`, trace?: Uint8Array): Delivery[] {
  return [
    ...deliveriesOf(resultBlock(results, trace), entry, WANTED, Math.trunc(Math.random() * 1e9)),
  ];
}

function only(result: Result, entry?: string): Delivery {
  const [made] = deliveries([result], entry);
  if (made === undefined) throw new Error("no delivery");
  return made;
}

const units = (text: string): bigint => parseDecimal(text) ?? -1n;

describe("a body", () => {
  it("shows a result as /v1/conversions/ID does, and is of the schema", () => {
    const trace = encodeTraceContext(TRACE);
    const [made] = deliveries(
      [{ clicks: 1, revision: 2, reason: REASON_REFUND, value: "12.50" }],
      undefined,
      trace,
    );
    const body = resultSchema.parse(JSON.parse(made?.body ?? ""));
    expect(body).toEqual({
      type: "conversion.corrected",
      timestamp: new Date(T0).toISOString(),
      data: {
        tenant: "default",
        key: conversionKey({
          tenant: "default",
          id: "c1",
          userKey: "user of c1",
          anonymous: false,
        }),
        id: "c1",
        orderId: "order-c1",
        name: "purchase",
        time: T0,
        userKey: "user of c1",
        anonymous: false,
        value: "12.5",
        currency: "EUR",
        generation: 0,
        revision: 2,
        reason: "refund",
        attributedAt: T0,
        traceId: TRACE.traceId,
        touchpoints: [
          {
            index: 1,
            id: "c1-click-0",
            type: "click",
            time: T0 - 60_000,
            source: "",
            medium: "",
            campaign: "k0",
            term: "",
            content: "",
            channel: "email",
          },
        ],
        credits: MODEL_NAMES.map((model) => ({ model, touch: 1, credit: "1", value: "12.5" })),
      },
    });
    expect(made?.traceparent).toBe(`00-${TRACE.traceId}-${TRACE.spanId}-01`);
  });

  it("shares out exactly, whatever the value and the path", () => {
    const value = fc
      .tuple(fc.nat(1e9), fc.nat(999_999))
      .map(([whole, rest]) => `${whole}.${String(rest).padStart(6, "0")}`);
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 12 }), (money, clicks) => {
        const { data } = resultSchema.parse(JSON.parse(only({ value: money, clicks }).body));
        for (const model of MODEL_NAMES) {
          const of = data.credits.filter((credit) => credit.model === model);
          expect(of.reduce((sum, { credit }) => sum + units(credit), 0n)).toBe(MONEY_UNIT);
          expect(of.reduce((sum, credit) => sum + units(credit.value), 0n)).toBe(units(money));
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it("is made for tenants with a receiver only, and each gets its own path and credits", () => {
    const made = deliveries([
      { id: "a", tenant: "stranger", clicks: 5 },
      { id: "b", tenant: "other", clicks: 2, value: "7" },
      { id: "c", tenant: "stranger", clicks: 1 },
      { id: "d", clicks: 0, value: "3" },
    ]).map(({ body }) => resultSchema.parse(JSON.parse(body)).data);
    expect(made.map(({ tenant, id }) => [tenant, id])).toEqual([
      ["other", "b"],
      ["default", "d"],
    ]);
    expect(made[0]?.touchpoints.map(({ id }) => id)).toEqual(["b-click-0", "b-click-1"]);
    expect(made[1]?.credits).toEqual(
      MODEL_NAMES.map((model) => ({ model, touch: 0, credit: "1", value: "3" })),
    );
  });
});

describe("one event ID under two user keys", () => {
  const bodyOf = ({ body }: Delivery) => resultSchema.parse(JSON.parse(body));

  it("makes two conversions, whose deliveries do not pass for each other's", () => {
    const [ada, bob] = deliveries([
      { id: "same", clicks: 0, userId: "ada" },
      { id: "same", clicks: 0, userId: "bob" },
    ]);
    expect(ada?.id).not.toBe(bob?.id);
    expect(conversionOf(ada?.ticket ?? "")).not.toBe(conversionOf(bob?.ticket ?? ""));
  });

  it("names a conversion by whom it was sent, whosever it is by now", () => {
    const [before] = deliveries([{ id: "same", userId: "u", anonymousId: "a" }]);
    const [after] = deliveries([
      { id: "same", userId: "other", anonymousId: "a", revision: 1, generation: 9 },
    ]);
    expect(before && bodyOf(before).data.key).toBe(after && bodyOf(after).data.key);
  });

  it("is withdrawn where it is a duplicate, unless it was never sent", () => {
    const duplicate = { id: "same", anonymousId: "a", reason: REASON_DUPLICATE, value: "" };
    const more = { clicks: 0, generation: 9 };
    expect(deliveries([{ ...duplicate, ...more }])).toEqual([]);
    const made = bodyOf(only({ ...duplicate, ...more, revision: 1 }));
    expect(made.type).toBe("conversion.withdrawn");
    expect(made.data).toMatchObject({ value: "0", reason: "duplicate", credits: [] });

    const repeated = { ...duplicate, reason: REASON_DUPLICATE_ORDER };
    expect(deliveries([{ ...repeated, ...more }])).toEqual([]);
    const withdrawn = bodyOf(only({ ...repeated, ...more, revision: 1 }));
    expect(withdrawn.type).toBe("conversion.withdrawn");
    expect(withdrawn.data).toMatchObject({ reason: "duplicate_order", credits: [] });
  });
});

describe("a delivery's ID", () => {
  it("is the same for a result that comes again, in another entry and beside others", () => {
    const once = only({ id: "c9", revision: 1 });
    const [, again] = deliveries([{ id: "c8" }, { id: "c9", revision: 1 }], `${T0 + 5}-3`);
    expect(again?.id).toBe(once.id);
    expect(once.id).toMatch(/^whk_[\w-]{32}$/);
  });

  it("is another one for any other tenant, conversion, revision, owner or outcome", () => {
    const results: Result[] = [
      {},
      { tenant: "other" },
      { id: "c2" },
      { revision: 1 },
      { generation: 1 },
      { reason: REASON_MERGE },
      { value: "101" },
      { clicks: 4 },
    ];
    expect(new Set(results.map((result) => only(result).id)).size).toBe(results.length);
  });
});

it("tickets of a conversion sort as its results are valid: owner, commit, revision", () => {
  const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(12));
  fc.assert(
    fc.property(version, version, (a, b) => {
      const [left, right] = [a, b].map(([generation, seconds, revision]) =>
        only(
          { generation: generation * T0, revision, value: "1" },
          `${T0 + seconds}-0`,
        ).ticket.split("|"),
      );
      expect(left?.[0]).toBe(right?.[0]);
      const order = a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
      const text = (left?.[1] ?? "") < (right?.[1] ?? "") ? -1 : Number(left?.[1] !== right?.[1]);
      expect(text).toBe(Math.sign(order));
    }),
    { numRuns: runs(50) },
  );
});

it("refuses bytes that are no result block", () => {
  expect(() => [...deliveriesOf(new Uint8Array([1, 2, 3]), "1-0", WANTED, 1)]).toThrow(
    ProtocolError,
  );
  const cut = resultBlock([{}]).slice(0, -9);
  expect(() => [...deliveriesOf(cut, "1-0", WANTED, 1)]).toThrow(ProtocolError);
});

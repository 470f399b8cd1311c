import fc from "fast-check";
import { EVENT_TYPES } from "../../src/index.ts";
import { NOW } from "./rows.ts";

const text = (most: number) =>
  fc.string({ minLength: 1, maxLength: most, unit: "binary" }).filter((value) => {
    const bytes = new TextEncoder().encode(value).length;
    return (
      bytes >= 1 &&
      bytes <= most &&
      !/[\ud800-\udfff]/.test(value.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""))
    );
  });
// msgpackr reads the name `__proto__` back as `__proto_`, on purpose.
const propertyName = text(10).filter((name) => name !== "__proto__");
const id = (most: number) => fc.oneof(fc.uuid(), text(most));
const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
  .map(([whole, fraction]) => {
    const digits = fraction.toString().padStart(12, "0").replace(/0+$/, "");
    return digits === "" ? String(whole) : `${whole}.${digits}`;
  });

const identity = fc.oneof(
  fc.record({ userId: id(128) }),
  fc.record({ anonymousId: id(128) }),
  fc.record({ userId: id(128), anonymousId: id(128) }),
);
const money = fc.option(
  fc.record({ value: decimal, currency: fc.constantFrom("EUR", "USD", "JPY") }),
  { nil: {} },
);

/** Any valid event. */
export const arbitraryEvent = fc
  .tuple(
    fc.record(
      {
        id: id(64),
        type: fc.constantFrom(...EVENT_TYPES.filter((type) => type !== "refund")),
        time: fc.integer({ min: 946_684_800_000, max: NOW + 86_400_000 }),
        source: text(256),
        medium: text(40),
        campaign: text(256),
        term: text(40),
        content: text(40),
        channel: text(64),
        referrer: text(300),
        url: text(2048),
        name: text(128),
        orderId: text(64),
        properties: fc.dictionary(propertyName, fc.oneof(fc.integer(), fc.boolean(), text(10)), {
          maxKeys: 4,
        }),
      },
      { requiredKeys: ["id", "type", "time"] },
    ),
    identity,
    money,
  )
  .map(([event, who, what]) => ({ ...event, ...who, ...what }));

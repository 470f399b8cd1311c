import fc from "fast-check";
import { expect, it } from "vitest";
import { origin, sessionTime } from "../../../../../test/support/origins.ts";
import { runs } from "../../../../../test/support/property-runs.ts";
import {
  expectedResults,
  ordersOf,
  type PlainEvent,
  senderOf,
} from "../../../../../test/support/oracle.ts";
import { NOW } from "../support.ts";
import { SmallPlatform } from "./platform.ts";

const DAY = 86_400_000;
const LIMIT = 2;
const RULES = {
  click: 30 * DAY,
  view: DAY,
  halfLife: 7 * DAY,
  identity: { limit: LIMIT, unlinked: ["null", ""] },
};
const OPTIONS = { identity: { maxAnonymousIds: LIMIT, unlinkedIds: ["null", ""] } };
const UUID = "0192f3c4-aaaa-4222-8333-00000000000";

const time = fc.oneof(
  fc.constantFrom(0, 1, DAY, 2 * DAY, 30 * DAY).map((age) => NOW - age),
  fc.integer({ min: NOW - 20 * DAY, max: NOW }),
  sessionTime(NOW),
);
const money = fc.nat(5000).map((cents) => ({ value: (cents / 100).toFixed(2), currency: "EUR" }));
const orderId = fc.constantFrom("o1", "o2", `${UUID}c`);
const kind: fc.Arbitrary<Omit<PlainEvent, "id" | "time" | "userId" | "anonymousId">> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("impression" as const, "click" as const, "visit" as const), origin)
      .map(([type, from]) => ({ type, ...from })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(money, fc.option(orderId, { nil: undefined }), fc.constantFrom("", "", "lead"))
      .map(([worth, order, name]) => ({
        type: "conversion" as const,
        ...worth,
        ...(order === undefined ? {} : { orderId: order }),
        ...(name === "" ? {} : { name }),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.option(money, { nil: {} }), orderId)
      .map(([worth, order]) => ({ type: "refund" as const, ...worth, orderId: order })),
  },
  { weight: 3, arbitrary: fc.constant({ type: "identify" as const }) },
);
const userId = fc.constantFrom("u1", "u2", `${UUID}a`, "null");
const anonymousId = fc.constantFrom("a1", "a2", "a3", "u1", `${UUID}b`, "null");
const who = fc.oneof(
  { weight: 3, arbitrary: anonymousId.map((id) => ({ anonymousId: id })) },
  { weight: 2, arbitrary: userId.map((id) => ({ userId: id })) },
  { weight: 4, arbitrary: fc.record({ userId, anonymousId }) },
);
const earlierMs = fc.constantFrom(0, 0, 1, DAY);
const times = fc.integer({ min: 1, max: 3 });
/** A userId and an anonymousId: the oracle's keys do not tell two of one event ID apart. */
const AMBIGUOUS_IDS = ["u1", "null"];
/** Who sends an event once more, under its ID. */
const twin = fc.tuple(
  earlierMs,
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom("a1", "a2", "a3", `${UUID}b`).map((id) => ({ anonymousId: id })),
    },
    { weight: 1, arbitrary: fc.constantFrom("u2", `${UUID}a`).map((id) => ({ userId: id })) },
  ),
);
const twins = fc.uniqueArray(twin, {
  maxLength: 2,
  // Of two different events of one ID under one user key the first to arrive would count.
  selector: ([, ids]) => JSON.stringify(ids),
});
const events = fc.array(fc.tuple(time, kind, who, times, twins), { maxLength: 30 }).map((all) =>
  all.flatMap(([at, what, ids, sent, others], i) => {
    // IDs do not follow the order of arrival.
    const id = `e${(i * 37) % 101}`;
    const event: PlainEvent = { id, time: at, ...what, ...ids };
    // Somebody else's event, until identity resolution makes both one person's: then it happened once.
    const isAmbiguous = !("userId" in ids) && AMBIGUOUS_IDS.includes(ids.anonymousId);
    const more = (isAmbiguous ? [] : others)
      .filter(([, other]) => keyOf(other) !== keyOf(ids))
      .map(([earlier, other]) => ({
        event: { id, time: at - earlier, ...what, ...other },
        times: 1,
      }));
    return [{ event, times: sent }, ...more];
  }),
);
function keyOf(ids: { readonly userId?: string; readonly anonymousId?: string }): string {
  return ids.userId === undefined ? `a:${ids.anonymousId}` : `u:${ids.userId}`;
}

type Step =
  | { readonly do: "send" }
  | {
      readonly do: "process";
      readonly at: number;
      readonly entries: number;
      readonly commits: boolean;
    }
  | { readonly do: "relay"; readonly at: number; readonly which: number; readonly dies: boolean }
  | { readonly do: "again"; readonly which: number }
  | { readonly do: "rebuild"; readonly at: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: "send" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("process" as const),
      at: fc.nat(3),
      entries: fc.integer({ min: 1, max: 6 }),
      commits: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("relay" as const),
      at: fc.nat(3),
      which: fc.nat(3),
      dies: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rebuild" as const), at: fc.nat(3) }) },
);

function run(
  platform: SmallPlatform,
  arriving: readonly PlainEvent[],
  steps: readonly Step[],
): void {
  const waiting = [...arriving];
  for (const one of steps) {
    const next = one.do === "send" ? waiting.shift() : undefined;
    if (next !== undefined) platform.send(next);
    else if (one.do === "process") platform.process(one.at, one.entries, one.commits);
    else if (one.do === "relay") platform.relay(one.at, one.which, one.dies);
    else if (one.do === "again") platform.relayAgain(one.which);
    else if (one.do === "rebuild") platform.rebuild(one.at);
  }
  for (const event of waiting) platform.send(event);
  platform.settle();
}

it(
  "any arrival, repetition, crash and order of events and messages ends in the credits of one sorted pass",
  { timeout: 180_000 },
  () => {
    fc.assert(
      fc.property(
        events.chain((all) =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray(
              all.flatMap(({ event, times }) => Array.from({ length: times }, () => event)),
              { minLength: all.reduce((sum, { times }) => sum + times, 0) },
            ),
          ),
        ),
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 120 }),
        ([all, arriving], partitions, steps) => {
          const platform = new SmallPlatform(partitions, OPTIONS);
          run(platform, arriving, steps);
          const sent = all.map(({ event }) => event);
          const expected = expectedResults(sent, RULES, duplicateOrdersOf(platform, sent));
          const valid = platform.valid();
          expect(valid.map(({ key }) => key).toSorted()).toEqual([...expected.keys()].toSorted());
          for (const { key, path, channels, value, weights } of valid) {
            const plain = expected.get(key);
            expect({ key, path, channels }).toEqual({
              key,
              path: plain?.path,
              channels: plain?.channels,
            });
            expect(Math.round(Number(value === "" ? 0 : value) * 100)).toBe(
              Number(plain?.value) / 1e10,
            );
            for (const [model, shares] of Object.entries(plain?.weights ?? {})) {
              for (const [i, share] of shares.entries()) {
                expect(weights[model]?.[i]).toBeCloseTo(share, 12);
              }
            }
          }
          expectHistories(platform);
        },
      ),
      { numRuns: runs(250) },
    );
  },
);

/** The conversions that repeat an order: each shows as one, and is in the books once. */
function duplicateOrdersOf(platform: SmallPlatform, sent: readonly PlainEvent[]): Set<string> {
  const duplicates = platform.duplicateOrders(sent);
  const shown = platform.last().filter(({ reason }) => reason === "duplicate_order");
  expect(shown.map(({ sentAs }) => sentAs).toSorted()).toEqual([...duplicates].toSorted());
  expect(platform.books.duplicateOrders).toBe(duplicates.size);
  for (const order of ordersOf(sent, RULES)) {
    const counted = order.map(senderOf).filter((name) => !duplicates.has(name));
    expect(new Set(counted).size).toBe(1);
  }
  return duplicates;
}

/** Every result has a row of its own, and each conversion but one with a single result is known to be revised. */
function expectHistories({ results }: SmallPlatform): void {
  for (const all of results.values()) {
    const rows = new Set(all.map(({ revision, generation }) => `${revision}/${generation}`));
    expect(rows.size).toBe(all.length);
    if (all.length > 1) expect(all.some(({ revision }) => revision > 0)).toBe(true);
    for (const { revision, reason } of all) {
      if (!reason.startsWith("duplicate")) expect(reason === "first").toBe(revision === 0);
    }
  }
}

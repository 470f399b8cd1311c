import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../../test/support/property-runs.ts";
import {
  expectedResults,
  type PlainErasure,
  type PlainEvent,
  remainingEvents,
} from "../../../../../test/support/oracle.ts";
import { NOW } from "../support.ts";
import { SmallPlatform } from "./platform.ts";

const DAY = 86_400_000;
/** Of a property, on a machine that does much else. */
const TIMEOUT_MS = 120_000;
const LIMIT = 2;
const IDENTITY = { limit: LIMIT, unlinked: ["null", ""] };
const RULES = { click: 30 * DAY, view: DAY, halfLife: 7 * DAY, identity: IDENTITY };
const OPTIONS = { identity: { maxAnonymousIds: LIMIT, unlinkedIds: IDENTITY.unlinked } };
const UUID = "0192f3c4-aaaa-4222-8333-00000000000";

/** Each device is one person's: one that is handed on is the first one's until they are erased, and nobody's then. */
const PEOPLE = [
  { userId: "u1", devices: ["a1", "a2", `${UUID}b`] },
  { userId: `${UUID}a`, devices: ["u1", "a3"] },
] as const;
const DEVICES = ["lonely", ...PEOPLE.flatMap(({ devices }) => devices)];

const who = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...DEVICES).map((anonymousId) => ({ anonymousId })) },
  { weight: 2, arbitrary: fc.constantFrom(...PEOPLE).map(({ userId }) => ({ userId })) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(...PEOPLE)
      .chain(({ userId, devices }) =>
        fc.constantFrom(...devices).map((anonymousId) => ({ userId, anonymousId })),
      ),
  },
);
const money = fc.nat(5000).map((cents) => ({ value: (cents / 100).toFixed(2), currency: "EUR" }));
const orderId = fc.constantFrom("o1", "o2");
const what = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("impression" as const, "click" as const, "visit" as const),
      channel: fc.constantFrom("email", "direct"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(money, orderId)
      .map(([worth, order]) => ({ type: "conversion" as const, ...worth, orderId: order })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.option(money, { nil: {} }), orderId)
      .map(([worth, order]) => ({ type: "refund" as const, ...worth, orderId: order })),
  },
  { weight: 3, arbitrary: fc.constant({ type: "identify" as const }) },
);
const age = fc.oneof(fc.constantFrom(0, 1, DAY, 2 * DAY), fc.integer({ min: 0, max: 20 * DAY }));
const events = fc.array(fc.tuple(age, what, who), { minLength: 1, maxLength: 30 }).map((all) =>
  all.map(([back, kind, ids], i): PlainEvent => ({
    id: `e${(i * 37) % 101}`,
    time: NOW - back,
    ...kind,
    ...ids,
  })),
);

const somebody: fc.Arbitrary<PlainErasure> = fc
  .oneof(
    fc.constantFrom(...PEOPLE).map(({ userId }) => ({ userId })),
    fc.constantFrom(...DEVICES).map((anonymousId) => ({ anonymousId })),
  )
  .map((erase) => ({ erase }));

/** What befalls partitions and messages. */
type Fault = (platform: SmallPlatform) => void;
const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 6 }), fc.boolean()).map(
      ([at, entries, commits]): Fault =>
        (of) =>
          of.process(at, entries, commits),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(3), fc.nat(3), fc.boolean()).map(
      ([at, which, dies]): Fault =>
        (of) =>
          of.relay(at, which, dies),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(30).map(
      (which): Fault =>
        (of) =>
          of.relayAgain(which),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map(
      (at): Fault =>
        (of) =>
          of.rebuild(at),
    ),
  },
);
const rewriting: fc.Arbitrary<Fault> = fc.nat(3).map(
  (at): Fault =>
    (of) =>
      of.rewrite(at),
);
const faults = fc.array(fault, { maxLength: 40 });

let receipts = 0;
function erase(platform: SmallPlatform, { erase: whom }: PlainErasure): void {
  const receipt = new Uint8Array(16);
  new DataView(receipt.buffer).setUint32(0, (receipts += 1));
  const id = "userId" in whom ? whom.userId : whom.anonymousId;
  platform.erase({ id, anonymous: !("userId" in whom), receipt, anonymousIds: [] });
}

/** Sends each after the faults before it, then the rest of them. */
function play(
  platform: SmallPlatform,
  steps: readonly (PlainEvent | PlainErasure)[],
  all: readonly (readonly Fault[])[],
): void {
  for (const [i, step] of steps.entries()) {
    for (const happen of all[i % Math.max(1, all.length)] ?? []) happen(platform);
    if ("erase" in step) erase(platform, step);
    else platform.send(step);
  }
}

/**
 * @param left events that were not erased @param sent all events: an order stays that of the conversion that came first, and without
 *   what its refunds took off it, when the sender is erased
 */
function expectCredits(
  platform: SmallPlatform,
  left: readonly PlainEvent[],
  sent: readonly (PlainEvent | PlainErasure)[],
): void {
  const refunds = sent
    .filter((step): step is PlainEvent => !("erase" in step) && step.type === "refund")
    .map(({ anonymousId: _, ...refund }): PlainEvent => ({ ...refund, userId: "erased" }));
  const expected = expectedResults([...left, ...refunds], RULES, platform.duplicateOrders(left));
  const valid = platform.valid();
  expect(valid.map(({ key }) => key).toSorted()).toEqual([...expected.keys()].toSorted());
  for (const { key, path, channels, value } of valid) {
    const plain = expected.get(key);
    expect({ key, path, channels }).toEqual({ key, path: plain?.path, channels: plain?.channels });
    expect(Math.round(Number(value === "" ? 0 : value) * 100)).toBe(Number(plain?.value) / 1e10);
  }
}

/** What was processed is there or was erased, each once, wherever it was copied to. */
function expectBooks(platform: SmallPlatform): void {
  const { processed, erased } = platform.books;
  expect(processed - erased).toBe(platform.load().size);
}

/** As {@link SmallPlatform.load} names a fact. */
function factOf(event: PlainEvent): string {
  return `${keyOf(event)}/${event.id}`;
}

/** By whom an event, or whom an erasure is of. */
function keyOf({ userId, anonymousId = "" }: Pick<PlainEvent, "userId" | "anonymousId">): string {
  return userId === undefined ? `a:${anonymousId}` : `u:${userId}`;
}

describe("an erasure", () => {
  it(
    "leaves the credits of one pass without the person's earlier events, whatever dies and comes twice meanwhile",
    () => {
      fc.assert(
        fc.property(
          events,
          fc.array(fc.tuple(somebody, fc.array(faults, { maxLength: 6 }), fc.nat(29)), {
            minLength: 1,
            maxLength: 3,
          }),
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.nat(29), { maxLength: 10 }),
          (all, erasures, partitions, again) => {
            const platform = new SmallPlatform(partitions, OPTIONS);
            const history: (PlainEvent | PlainErasure)[] = [];
            const waiting = [...all];
            const sendUntil = (count: number, during: readonly (readonly Fault[])[]): void => {
              const next = [
                ...waiting.splice(0, count),
                // Senders repeat what they sent before.
                ...again
                  .map((i) => all[i % all.length] as PlainEvent)
                  .filter((e) => history.includes(e)),
              ];
              play(platform, next, during);
              history.push(...next);
              platform.settle();
              platform.load();
            };
            for (const [whom, during, until] of erasures) {
              sendUntil(until, during);
              erase(platform, whom);
              for (const happen of during.flat()) happen(platform);
              history.push(whom);
              platform.settle();
              platform.load();
            }
            sendUntil(all.length, []);
            const left = remainingEvents(history, IDENTITY);
            expect([...platform.load()].toSorted()).toEqual(
              [...new Set(left.map(factOf))].toSorted(),
            );
            expectCredits(platform, left, history);
            expectBooks(platform);
          },
        ),
        { numRuns: runs(100) },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "among events and messages under way leaves the credits of the facts that are left",
    () => {
      fc.assert(
        fc.property(
          fc
            .tuple(events, fc.array(somebody, { minLength: 1, maxLength: 3 }))
            .chain(([all, erasures]) =>
              fc.tuple(
                fc.shuffledSubarray([...all, ...all, ...erasures], {
                  minLength: all.length * 2 + erasures.length,
                }),
                fc.array(faults, { maxLength: 20 }),
                fc.integer({ min: 1, max: 4 }),
              ),
            ),
          ([steps, during, partitions]) => {
            const platform = new SmallPlatform(partitions, OPTIONS);
            play(platform, steps, during);
            platform.settle();
            const facts = platform.load();
            expectBooks(platform);
            const left = steps.filter(
              (step): step is PlainEvent => !("erase" in step) && facts.has(factOf(step)),
            );
            expectCredits(platform, left, steps);
            // Whatever came before by the very ID that was asked for is gone.
            for (const [i, step] of steps.entries()) {
              if (!("erase" in step)) continue;
              const asked = keyOf(step.erase);
              for (const before of steps.slice(0, i)) {
                if (!("erase" in before) && keyOf(before) === asked) {
                  expect(facts.has(factOf(before))).toBe(false);
                }
              }
            }
          },
        ),
        { numRuns: runs(100) },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "leaves the same where the logs are rid of what was erased, whenever that is",
    () => {
      const during = fc.array(fc.oneof({ weight: 8, arbitrary: fault }, rewriting), {
        maxLength: 40,
      });
      fc.assert(
        fc.property(
          fc
            .tuple(events, fc.array(somebody, { minLength: 1, maxLength: 3 }))
            .chain(([all, erasures]) =>
              fc.shuffledSubarray([...all, ...erasures], {
                minLength: all.length + erasures.length,
              }),
            ),
          fc.array(during, { maxLength: 20 }),
          fc.integer({ min: 1, max: 4 }),
          events,
          (steps, happening, partitions, more) => {
            const platform = new SmallPlatform(partitions, OPTIONS);
            play(platform, steps, happening);
            platform.settle();
            for (let at = 0; at < partitions; at += 1) {
              platform.rewrite(at);
              platform.rebuild(at);
            }
            // Also what was copied of an anonymous ID, wherever it ever was somebody's.
            const there = platform.load();
            expect([...platform.logged()].toSorted()).toEqual([...there].toSorted());
            const later = more.map((event) => ({ ...event, id: `later ${event.id}` }));
            play(platform, later, happening);
            platform.settle();
            const facts = platform.load();
            const left = [...steps, ...later].filter(
              (step): step is PlainEvent => !("erase" in step) && facts.has(factOf(step)),
            );
            expectCredits(platform, left, [...steps, ...later]);
          },
        ),
        { numRuns: runs(100) },
      );
    },
    TIMEOUT_MS,
  );

  it("reaches the copies in the partitions of all that an anonymous ID ever was thought to belong to", () => {
    const users = ["u1", "u2", "u3", "u4", "u5", "u6"];
    const platform = new SmallPlatform(4, OPTIONS);
    platform.send({ id: "t", time: NOW, type: "click", channel: "email", anonymousId: "a1" });
    // Each one's event with it is earlier than those that came before.
    for (const [i, userId] of users.entries()) {
      platform.send({ id: `i${i}`, time: NOW - i, type: "identify", userId, anonymousId: "a1" });
      platform.settle();
    }
    erase(platform, { erase: { anonymousId: "a1" } });
    platform.settle();
    expect(platform.logged()).toContain("a:a1/t");
    for (const at of platform.partitions.keys()) platform.rewrite(at);
    expect(platform.logged()).toEqual(
      new Set(users.slice(0, -1).map((user, i) => `u:${user}/i${i}`)),
    );
  });

  it("is not undone by an earlier one that it overtook", () => {
    const [{ userId }, anonymousId] = [PEOPLE[0], "a1"];
    const platform = new SmallPlatform(1, OPTIONS);
    const seen: PlainEvent = { id: "e1", time: NOW, type: "identify", userId, anonymousId };
    platform.send(seen);
    platform.settle();
    erase(platform, { erase: { userId } });
    platform.process(0, 1, true);
    platform.send({ ...seen, id: "e2" });
    platform.process(0, 1, true);
    erase(platform, { erase: { userId } });
    platform.process(0, 1, true);
    // What waits is the first erasure, the claim and the second erasure, which comes before them.
    platform.relay(0, 2, false);
    platform.process(0, 1, true);
    const worth = { value: "5.00", currency: "EUR", orderId: "o1" };
    const sold: PlainEvent = { id: "e3", time: NOW, type: "conversion", ...worth, anonymousId };
    platform.send(sold);
    platform.settle();
    expect(platform.load()).toEqual(new Set([factOf(sold)]));
    expectCredits(platform, [sold], []);
  });

  it("of an anonymous ID takes it, also where its user's limit let go of it meanwhile", () => {
    const [{ userId }, anonymousId] = [PEOPLE[0], "a1"];
    const platform = new SmallPlatform(1, OPTIONS);
    const seen = (id: string, device: string, time: number): PlainEvent => ({
      id,
      time,
      type: "identify",
      userId,
      anonymousId: device,
    });
    platform.send({ id: "e1", time: NOW, type: "click", channel: "email", anonymousId });
    platform.send(seen("e2", anonymousId, NOW));
    platform.settle();
    // As many as a user may have, linked earlier: what this partition has to say of the other one waits.
    platform.send(seen("e3", "a2", NOW - 1));
    platform.send(seen("e4", `${UUID}b`, NOW - 1));
    platform.process(0, 2, true);
    erase(platform, { erase: { anonymousId } });
    platform.process(0, 1, true);
    platform.settle();
    expect(platform.load()).toEqual(new Set());
  });

  it("takes anonymous IDs' events from their user's conversions where they were linked anew before the message came", () => {
    const [{ userId }, anonymousId, another] = [PEOPLE[0], "a1", "a2"];
    const platform = new SmallPlatform(1, OPTIONS);
    const ids = { userId, anonymousId };
    const known: PlainEvent = {
      id: "e1",
      time: NOW,
      type: "identify",
      userId,
      anonymousId: another,
    };
    platform.send({ ...known, id: "e2", anonymousId });
    platform.send(known);
    platform.settle();
    erase(platform, { erase: { userId } });
    platform.process(0, 1, true);
    platform.send({ id: "e3", time: NOW, type: "click", channel: "email", anonymousId });
    const worth = { value: "5.00", currency: "EUR", orderId: "o1" };
    const sale = { time: NOW + 1, type: "conversion", ...worth } as const;
    const sold: PlainEvent = { id: "e4", ...sale, ...ids };
    const seen: PlainEvent = { ...known, id: "e5", time: NOW + 1 };
    platform.send(sold);
    platform.send(seen);
    platform.send({ id: "e6", ...sale, orderId: "o2", anonymousId: another });
    platform.process(0, 4, true);
    // The claims that these led to, and the links that they lead to, overtake the erasure.
    platform.relay(0, 1, false);
    platform.process(0, 1, true);
    platform.relay(0, 2, false);
    platform.process(0, 1, true);
    const click: PlainEvent = { id: "e7", time: NOW, type: "click", channel: "direct", userId };
    platform.send(click);
    platform.process(0, 1, true);
    expect(platform.valid()).toMatchObject([
      { key: `${userId}/e4`, path: ["e3", "e7"] },
      { key: `${userId}/e6`, path: ["e3", "e7"] },
    ]);
    platform.settle();
    platform.load();
    expectCredits(platform, [sold, seen, click], []);
  });
});

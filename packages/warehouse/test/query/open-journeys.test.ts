import type { SessionGap } from "@tributary/attribution";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TributaryEvent } from "@tributary/protocol";
import { expectedResults } from "../../../../test/support/oracle.ts";
import { origin, sessionTime } from "../../../../test/support/origins.ts";
import { runs } from "../../../../test/support/property-runs.ts";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { openJourneys, type JourneyQuestion } from "../../src/query/open-journeys.ts";
import { click, factBlock, purchase, T0 } from "../support/blocks.ts";
import { loadFacts, temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

const EARLY_MS = 1_700_000_000_100;
const LATE_MS = 1_700_000_000_200;
const of = (userId: string, id: string, at: number, channel: string) =>
  click(id, T0 + at, { userId, channel });

/** u1 never converts, u2 does after his second touch, u3 and u4 take the same path; u4's last touch comes late. */
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  const block = factBlock([
    // Not in the order of their times; of the same time, the ID decides.
    of("u1", "b", 2, "email"),
    of("u1", "a", 2, "direct"),
    of("u1", "c", 1, "display"),
    of("u2", "d", 1, "email"),
    purchase("p", T0 + 2, { userId: "u2" }),
    of("u2", "e", 3, "email"),
    of("u3", "f", 1, "display"),
    of("u3", "g", 2, "email"),
    of("u4", "h", 1, "display"),
  ]);
  await loadFacts(engine, block, `${EARLY_MS}-0`);
  // A block that is loaded twice counts once.
  await loadFacts(engine, block, `${EARLY_MS}-0`);
  await loadFacts(engine, factBlock([of("u4", "i", 2, "email")]), `${LATE_MS}-0`);
  await loadFacts(engine, factBlock([of("u9", "z", 1, "email")], "other"), `${EARLY_MS}-0`);
});
afterAll(() => remove());

const ask = async (more: Partial<JourneyQuestion>) => {
  const paths = await openJourneys(engine, {
    tenant: "default",
    by: ["channel"],
    sessionGapMs: 30 * 60_000,
    ...more,
  });
  return Object.fromEntries(paths.map(({ path, journeys }) => [path.join(" "), journeys]));
};

test("of users without a conversion, the touchpoints in the order of their events", async () => {
  expect(await ask({})).toEqual({ "display direct email": 1, "display email": 2 });
});

test("what follows a user's last conversion is a journey too, where tails are asked for", async () => {
  expect(await ask({ tails: true })).toEqual({
    "display direct email": 1,
    "display email": 2,
    email: 1,
  });
  // Of two conversions the last one of the time and knowledge that are asked for; a touchpoint of its millisecond is its own.
  const twice = [
    of("t1", "1", 1, "email"),
    purchase("2", T0 + 2, { userId: "t1" }),
    of("t1", "3", 2, "display"),
    of("t1", "4", 3, "direct"),
    of("t1", "5", 3, "referral"),
    purchase("6", T0 + 5, { userId: "t1" }),
    of("t1", "7", 6, "display"),
    // A click before the conversion takes no impression off the tail.
    of("t2", "8", 1, "email"),
    purchase("9", T0 + 2, { userId: "t2" }),
    { ...of("t2", "x", 3, "social"), type: "impression" as const },
  ];
  await loadFacts(engine, factBlock(twice, "twice"), `${EARLY_MS}-0`);
  const tails = async (more: Partial<JourneyQuestion>) =>
    ask({ tenant: "twice", tails: true, clickBeatsImpression: true, ...more });
  expect(await tails({})).toEqual({ display: 1, social: 1 });
  expect(await tails({ to: T0 + 5 })).toEqual({ "direct referral": 1, social: 1 });
  expect(await tails({ from: T0 + 3, to: T0 + 6 })).toEqual({ social: 1 });
  expect(await ask({ tenant: "twice" })).toEqual({});
});

test("in a time, who converts outside of it did not convert", async () => {
  expect(await ask({ from: T0 + 3 })).toEqual({ email: 1 });
  expect(await ask({ to: T0 + 2 })).toEqual({ display: 3, email: 1 });
});

test("as of a time, only facts that were committed by then", async () => {
  expect(await ask({ asOf: EARLY_MS })).toEqual({
    "display direct email": 1,
    "display email": 1,
    display: 1,
  });
  expect(await ask({ asOf: EARLY_MS - 1 })).toEqual({});
});

test("what is left out is not there: neither beside a touchpoint of the same time, nor where it was all there was", async () => {
  const without = (value: string) => [{ dimension: "channel", value } as const];
  expect(await ask({ leaveOut: without("direct") })).toEqual({ "display email": 3 });
  expect(await ask({ leaveOut: [...without("email"), ...without("direct")] })).toEqual({
    display: 3,
  });
});

test("impressions count or not, and a click takes them off its journey", async () => {
  const seen = (id: string, at: number): TributaryEvent => ({
    ...of("v1", id, at, "display"),
    type: "impression",
  });
  const only: TributaryEvent = { ...of("v2", "n", 1, "display"), type: "impression" };
  const events = [seen("k", 1), of("v1", "l", 2, "email"), seen("m", 2), only];
  await loadFacts(engine, factBlock(events, "views"), `${EARLY_MS}-0`);
  const views = async (more: Partial<JourneyQuestion>) => ask({ tenant: "views", ...more });
  expect(await views({})).toEqual({ "display email display": 1, display: 1 });
  expect(await views({ viewThrough: false })).toEqual({ email: 1 });
  expect(await views({ clickBeatsImpression: true })).toEqual({ email: 1, display: 1 });
});

test("without the visits that go on with an arrival, as the oracle has it", async () => {
  const touch = fc
    .tuple(
      fc.constantFrom("impression" as const, "click" as const, "visit" as const),
      origin,
      sessionTime(T0),
      fc.constantFrom("u1", "u2", "u3"),
    )
    .map(([type, from, time, userId]) => ({ type, ...from, time, userId }));
  let tenants = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(touch, { minLength: 1, maxLength: 30 }),
      fc.constantFrom<SessionGap>(1, 600_000, 1_800_000, "every_visit"),
      async (all, sessionGap) => {
        tenants += 1;
        const tenant = `went on ${tenants}`;
        const events = all.map((fields, i) => ({ id: `e${(i * 37) % 101}`, ...fields }));
        const block = factBlock(events, tenant);
        for (const position of [EARLY_MS, EARLY_MS]) {
          await loadFacts(engine, block, `${position}-0`);
        }
        const end = T0 + 1;
        const users = [...new Set(events.map(({ userId }) => userId))];
        const rules = { click: end, view: end, halfLife: 1, sessionGap };
        const ends = users.map(
          (userId) => ({ id: "end", type: "conversion", time: end, userId }) as const,
        );
        const expected: Record<string, number> = {};
        for (const { channels } of expectedResults([...events, ...ends], rules).values()) {
          const path = channels.join(" ");
          expected[path] = (expected[path] ?? 0) + 1;
        }
        expect(await ask({ tenant, sessionGapMs: sessionGap })).toEqual(expected);
      },
    ),
    { numRuns: runs(15), interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  );
});

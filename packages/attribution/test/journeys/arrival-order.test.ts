import fc from "fast-check";
import { expect, it } from "vitest";
import { origin, sessionTime } from "../../../../test/support/origins.ts";
import { runs } from "../../../../test/support/property-runs.ts";
import {
  DEFAULT_RULES,
  expectedResults,
  type PlainEvent,
} from "../../../../test/support/oracle.ts";
import { type Decoded, decodeResults, entryOf, newState, NOW } from "./support.ts";

const DAY = 86_400_000;

interface TenantEvent {
  readonly tenant: string;
  readonly event: PlainEvent;
}

/** An event, and each time that it arrives: more than once where the sender tried again. */
interface Sent extends TenantEvent {
  readonly arrivals: readonly number[];
}

const nameOf = ({ tenant, event }: TenantEvent): string => `${tenant}/${event.userId}/${event.id}`;

/** A tenant that gives several orders one ID: there no order of arrival decides. */
const REUSES = "b";
const OPTIONS = { tenants: new Map([[REUSES, { reusedOrderIds: true }]]) };

/** Times at which a window's ends lie on other events, equal times, and any within and beyond the window. */
const time = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(0, 1, DAY - 1, DAY, DAY + 1, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 31 * DAY),
      fc.constantFrom(0, 1, DAY, 10 * DAY),
    )
    .map(([age, shift]) => NOW - age - shift),
  fc.integer({ min: NOW - 70 * DAY, max: NOW }),
  sessionTime(NOW),
);
const id = fc.oneof(
  fc.nat(80).map((i) => `e${i}`),
  fc.nat(9).map((i) => `0192f3c4-1111-4222-8333-00000000000${i}`),
  fc.nat(5).map((i) => `a-rather-long-identifier-${i}`),
);
const money = fc.record({
  value: fc.nat(5000).map((cents) => (cents / 100).toFixed(2)),
  currency: fc.constantFrom("EUR", "EUR", "USD"),
});
const orderId = fc.constantFrom("o1", "o2");
const kind: fc.Arbitrary<Omit<PlainEvent, "id" | "time" | "userId">> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom("impression" as const, "click" as const, "visit" as const), origin)
      .map(([type, from]) => ({ type, ...from })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.option(money, { nil: {} }), fc.option(orderId, { nil: undefined }))
      .map(([worth, order]) => ({
        type: "conversion" as const,
        ...worth,
        ...(order === undefined ? {} : { orderId: order }),
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.option(money, { nil: {}, freq: 2 }), orderId)
      .map(([worth, order]) => ({ type: "refund" as const, ...worth, orderId: order })),
  },
  { weight: 1, arbitrary: fc.constant({ type: "custom" as const }) },
);
const sent: fc.Arbitrary<Sent> = fc
  .record({
    tenant: fc.constantFrom("a", "a", "b"),
    id,
    time,
    userId: fc.constantFrom("u", "u", "0192f3c4-aaaa-4222-8333-00000000000a"),
    kind,
    arrivals: fc.array(fc.nat(10_000), { minLength: 1, maxLength: 3 }),
  })
  .map(({ tenant, kind: more, arrivals, ...event }) => ({
    tenant,
    event: { ...event, ...more },
    arrivals,
  }));

/** Entries of one batch: the gateway writes one for each run of a tenant's events. */
function entriesOf(batch: readonly TenantEvent[]): Uint8Array[] {
  const runs: { tenant: string; events: PlainEvent[] }[] = [];
  for (const { tenant, event } of batch) {
    const run = runs.at(-1);
    if (run?.tenant === tenant) run.events.push(event);
    else runs.push({ tenant, events: [event] });
  }
  return runs.map(({ tenant, events }) => entryOf(events, tenant));
}

/**
 * Feeds the events in their order, and after a batch may rebuild everything from its fact blocks, as after a crash.
 * @returns the last result of each conversion; revisions counted up one by one
 */
function lastResults(
  events: readonly TenantEvent[],
  batchSize: () => number,
  rebuilds: () => boolean,
): Map<string, Decoded> {
  let state = newState(OPTIONS);
  const log: Uint8Array[] = [];
  const last = new Map<string, Decoded>();
  for (let at = 0; at < events.length;) {
    const size = batchSize();
    const outcome = state.process(entriesOf(events.slice(at, at + size)));
    at += size;
    if (outcome.facts !== undefined) log.push(outcome.facts);
    for (const result of decodeResults(outcome)) {
      const key = `${result.tenant}/${result.key}`;
      expect(result.revision).toBe((last.get(key)?.revision ?? -1) + 1);
      last.set(key, result);
    }
    if (rebuilds()) {
      state = newState(OPTIONS);
      for (const block of log) state.restore(block);
    }
  }
  return last;
}

/** Results of a tenant without how they came about, by conversion. */
const outcomeOf = (tenant: string, last: ReadonlyMap<string, Decoded>) =>
  [...last]
    .filter(([, result]) => result.tenant === tenant)
    .map(([key, { path, channels, value, weights }]) => ({ key, path, channels, value, weights }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));

function expectAsPlain(all: ReadonlyMap<string, Decoded>, arrived: readonly TenantEvent[]): void {
  const plain = ["a", "b"].flatMap((tenant) => {
    const events = arrived.filter((one) => one.tenant === tenant).map(({ event }) => event);
    const rules = { ...DEFAULT_RULES, reusedOrderIds: tenant === REUSES };
    return [...expectedResults(events, rules)].map(
      ([key, result]) => [`${tenant}/${key}`, result] as const,
    );
  });
  const last = new Map([...all].filter(([, { reason }]) => reason !== "duplicate_order"));
  expect([...last.keys()].toSorted()).toEqual(plain.map(([key]) => key).toSorted());
  for (const [key, { path, value, weights }] of plain) {
    const result = last.get(key);
    expect(result?.path).toEqual(path);
    expect(Math.round(Number(result?.value) * 100)).toBe(Number(value) / 1e10);
    for (const [model, expected] of Object.entries(weights)) {
      const given = result?.weights[model] ?? [];
      expect(given).toHaveLength(expected.length);
      for (const [i, weight] of expected.entries()) expect(given[i]).toBeCloseTo(weight, 12);
    }
  }
}

it(
  "any arrival of the same events ends in the results of their order in time, but for orders that repeat, across retries and rebuilds",
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(sent, { selector: nameOf, maxLength: 60 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        fc.infiniteStream(fc.boolean()),
        (events, sizes, rebuilds) => {
          const arrived = events
            .flatMap((one) => one.arrivals.map((at) => ({ at, ...one })))
            .toSorted((a, b) => a.at - b.at);
          const inTime = events.toSorted((a, b) => a.event.time - b.event.time);
          const last = lastResults(
            arrived,
            () => sizes.next().value ?? 1,
            () => rebuilds.next().value === true,
          );
          const ordered = lastResults(
            inTime,
            () => 1,
            () => false,
          );
          expect(outcomeOf(REUSES, last)).toEqual(outcomeOf(REUSES, ordered));
          expectAsPlain(last, arrived);
          expectAsPlain(ordered, inTime);
        },
      ),
      { numRuns: runs(300) },
    );
  },
);

import { partitionOf } from "@tributary/protocol";
import { expect, test } from "vitest";
import { leaverIds, TENANTS, usersFor, workload } from "../../../src/chaos/traffic/workload.ts";

const PARTITIONS = 8;

const take = (seed: number, batches: number) => {
  const source = workload(seed, usersFor(6000), 20, PARTITIONS);
  return Array.from({ length: batches }, () => source.next().value);
};

test("the same seed gives the same batches", () => {
  expect(take(3, 50)).toEqual(take(3, 50));
  expect(take(4, 50)).not.toEqual(take(3, 50));
});

test("every kind of event and of delivery is there, and IDs are unique within a tenant", () => {
  const batches = take(1, 300);
  expect(new Set(batches.map(({ tenant }) => tenant))).toEqual(new Set(TENANTS));
  expect(new Set(batches.map(({ form }) => form))).toEqual(new Set(["json", "msgpack"]));
  expect(batches.some(({ twice }) => twice)).toBe(true);
  const events = batches.flatMap((batch) => batch.events);
  const types = Map.groupBy(events, ({ type }) => type);
  for (const type of ["click", "visit", "impression", "custom", "conversion", "refund"] as const) {
    expect(types.get(type)?.length ?? 0).toBeGreaterThan(10);
  }
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  const orders = new Set(types.get("conversion")?.map(({ orderId }) => orderId));
  for (const { orderId } of types.get("refund") ?? []) expect(orders.has(orderId)).toBe(true);
});

test("orders are told again, by the same IDs and by others in another partition, and refunded by a back office", () => {
  const batches = take(1, 300).flatMap(({ tenant, events }) =>
    events.map((event) => ({ tenant, event })),
  );
  const conversions = batches.filter(({ event }) => event.type === "conversion");
  const orders = Map.groupBy(conversions, ({ tenant, event }) => `${tenant} ${event.orderId}`);
  const partitionsOf = (all: typeof conversions): Set<number> =>
    new Set(
      all.map(({ tenant, event: { userId, anonymousId = "" } }) =>
        partitionOf(tenant, userId ?? anonymousId, PARTITIONS),
      ),
    );
  const repeated = [...orders.values()].filter((all) => all.length > 1);
  expect(repeated.filter((all) => partitionsOf(all).size > 1).length).toBeGreaterThan(10);
  expect(repeated.filter((all) => partitionsOf(all).size === 1).length).toBeGreaterThan(10);
  expect(conversions.some(({ event }) => event.name !== undefined)).toBe(true);
  const offices = batches.filter(({ event }) => event.userId?.includes("office-") === true);
  expect(offices.length).toBeGreaterThan(10);
  expect(offices.every(({ event }) => event.type === "refund")).toBe(true);
  const homes = conversions.map(({ tenant, event }) =>
    partitionOf(tenant, event.orderId ?? "", PARTITIONS),
  );
  expect(homes).not.toContain(PARTITIONS - 1);
});

test("visits go on with others, and come back, within a session's time", () => {
  const events = take(1, 600).flatMap((batch) => batch.events);
  const visits = events.filter(({ type }) => type === "visit");
  const keyOf = ({ userId, anonymousId }: { userId?: string; anonymousId?: string }) =>
    JSON.stringify([userId, anonymousId]);
  const journeys = Map.groupBy(events, keyOf);
  const soonAfter = visits.filter((visit) =>
    journeys
      .get(keyOf(visit))
      ?.some(
        (other) =>
          other.id !== visit.id &&
          (other.type === "click" || other.type === "visit") &&
          visit.time >= other.time &&
          visit.time - other.time <= 30 * 60_000,
      ),
  );
  const isBack = ({ referrer = "" }: { referrer?: string }) => referrer.includes("paypal");
  expect(soonAfter.filter(isBack).length).toBeGreaterThan(20);
  const ids = new Set(events.filter(({ type }) => type === "click").map(({ id }) => id));
  const landings = visits.filter(({ url = "" }) => ids.has(url.split("tclid=")[1] ?? ""));
  expect(landings.length).toBeGreaterThan(20);
});

test("people who leave have IDs of their own, all of which are known", () => {
  const leavers = workload(1, 12, 20, PARTITIONS, "leaver-");
  const ids = (
    batches: Iterator<{ events: readonly { userId?: string; anonymousId?: string }[] }, never>,
  ) =>
    new Set(
      Array.from({ length: 300 }, () => batches.next().value)
        .flatMap(({ events }) => events)
        .flatMap(({ userId, anonymousId }) => [userId, anonymousId])
        .filter((id) => id !== undefined),
    );
  const theirs = ids(leavers);
  const others = ids(workload(1, 12, 20, PARTITIONS));
  expect([...theirs].filter((id) => others.has(id))).toEqual([]);
  const known = new Set(
    TENANTS.flatMap((tenant) => [...leaverIds(tenant, 12, PARTITIONS)]).flatMap(
      ({ userId, anonymousId }) => userId ?? anonymousId,
    ),
  );
  expect(theirs).toEqual(known);
});

test("nobody but passers-by has a user key in their partition", () => {
  const keys = take(1, 300).flatMap(({ tenant, events }) =>
    events.flatMap(({ userId, anonymousId }) =>
      [userId, anonymousId].flatMap((key) => (key === undefined ? [] : [{ tenant, key }])),
    ),
  );
  const partitions = new Set(keys.map(({ tenant, key }) => partitionOf(tenant, key, PARTITIONS)));
  expect([...partitions].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

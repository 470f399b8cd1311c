import { expect, describe, it } from "vitest";
import { DEFAULT_JOURNEY_OPTIONS, type JourneyOptions } from "../../../src/index.ts";
import type { PlainEvent } from "../../../../../test/support/oracle.ts";
import { NOW } from "../support.ts";
import { homeOf, SmallPlatform } from "../identity/platform.ts";

const PARTITIONS = 4;
const OPTIONS: Partial<JourneyOptions> = {
  identity: { ...DEFAULT_JOURNEY_OPTIONS.identity, maxAnonymousIds: 2 },
};
const REUSES: Partial<JourneyOptions> = {
  ...OPTIONS,
  tenants: new Map([["default", { reusedOrderIds: true }]]),
};

/** A name whose home is a partition, as a user key or as an order ID. */
function of(partition: number, prefix: string): string {
  for (let i = 0; ; i += 1) {
    if (homeOf(`${prefix}${i}`, PARTITIONS) === partition) return `${prefix}${i}`;
  }
}
const ORDER = of(0, "order-");
const sale = (
  id: string,
  who: Partial<PlainEvent>,
  more: Partial<PlainEvent> = {},
): PlainEvent => ({
  id,
  type: "conversion",
  time: NOW,
  orderId: ORDER,
  name: "purchase",
  value: "17.50",
  currency: "EUR",
  ...who,
  ...more,
});
const refund = (id: string, who: Partial<PlainEvent>, value?: string): PlainEvent => ({
  id,
  type: "refund",
  time: NOW + 1,
  orderId: ORDER,
  ...(value === undefined ? {} : { value, currency: "EUR" }),
  ...who,
});

function platformOf(options = OPTIONS, partitions = PARTITIONS): SmallPlatform {
  return new SmallPlatform(partitions, options);
}
/** Sends events one after another, each after all that the one before led to. */
function play(platform: SmallPlatform, events: readonly PlainEvent[]): SmallPlatform {
  for (const event of events) {
    platform.send(event);
    platform.settle();
  }
  return platform;
}
const counted = (platform: SmallPlatform): string[] =>
  platform.valid().map(({ sentAs, value }) => `${sentAs} ${value}`);
/** Every result of a conversion: revision, reason, value. */
const historyOf = (platform: SmallPlatform, sentAs: string) =>
  (platform.results.get(sentAs) ?? []).map(({ revision, reason, value }) => [
    revision,
    reason,
    value,
  ]);

describe("an order that is reported twice", () => {
  it("by one user counts once, and the second conversion never did", () => {
    for (const userId of [of(0, "u"), of(1, "u")]) {
      const platform = play(platformOf(), [sale("c1", { userId }), sale("c2", { userId })]);
      expect(counted(platform)).toEqual([`u:${userId}/c1 17.5`]);
      expect(historyOf(platform, `u:${userId}/c2`)).toEqual([[0, "duplicate_order", ""]]);
      expect(platform.books).toMatchObject({ processed: 2, duplicateOrders: 1 });
    }
  });

  it("by one user within one batch counts once", () => {
    const userId = of(1, "u");
    const platform = platformOf();
    platform.send(sale("c1", { userId }));
    platform.send(sale("c2", { userId }));
    platform.settle();
    expect(counted(platform)).toEqual([`u:${userId}/c1 17.5`]);
  });

  it("by two users of one partition counts for the first", () => {
    const [first, second] = [of(2, "u"), of(2, "v")];
    const platform = play(platformOf(), [
      sale("c1", { userId: first }),
      sale("c2", { userId: second }),
    ]);
    expect(counted(platform)).toEqual([`u:${first}/c1 17.5`]);
    expect(historyOf(platform, `u:${second}/c2`)).toEqual([[0, "duplicate_order", ""]]);
  });

  it("in two partitions counts for the first that the order's home takes; the other's result is withdrawn", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const platform = play(platformOf(), [sale("c1", page), sale("c2", server)]);
    expect(counted(platform)).toEqual([`a:${page.anonymousId}/c1 17.5`]);
    expect(historyOf(platform, `u:${server.userId}/c2`)).toEqual([
      [0, "first", "17.5"],
      [1, "duplicate_order", ""],
    ]);
    expect(platform.books).toMatchObject({ processed: 2, duplicateOrders: 1 });
  });

  it("at its home first loses at once in no other partition, and there without a first result", () => {
    const [here, there] = [{ userId: of(0, "u") }, { userId: of(3, "u") }];
    const platform = play(platformOf(), [sale("c1", there), sale("c2", here)]);
    expect(counted(platform)).toEqual([`u:${there.userId}/c1 17.5`]);
    expect(historyOf(platform, `u:${here.userId}/c2`)).toEqual([[0, "duplicate_order", ""]]);
  });

  it("under two names counts once for each", () => {
    const userId = of(1, "u");
    const platform = play(platformOf(), [
      sale("c1", { userId }),
      sale("c2", { userId }, { name: "lead" }),
      sale("c3", { userId: of(2, "u") }, { name: "lead" }),
      sale("c4", { userId }, { orderId: of(0, "other-") }),
    ]);
    expect(counted(platform).map((text) => text.split("/")[1])).toEqual([
      "c1 17.5",
      "c2 17.5",
      "c4 17.5",
    ]);
  });

  it("without an order ID is two conversions, and costs no message", () => {
    const platform = platformOf();
    for (const id of ["c1", "c2"]) {
      const { orderId: _, ...event } = sale(id, { userId: of(1, "u") });
      platform.send(event);
    }
    platform.process(1, 10, true);
    expect(platform.valid()).toHaveLength(2);
    expect(platform.partitions.map(({ outbox }) => outbox.length)).toEqual([0, 0, 0, 0]);
  });

  it("counts as often as it is reported where the tenant reuses order IDs", () => {
    const platform = play(platformOf(REUSES), [
      sale("c1", { userId: of(1, "u") }),
      sale("c2", { userId: of(1, "u") }),
      sale("c3", { userId: of(2, "u") }),
    ]);
    expect(platform.valid()).toHaveLength(3);
    expect(platform.books.duplicateOrders).toBe(0);
  });

  it("stays as it is through crashes, restored memory and messages that come again", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const platform = play(platformOf(), [sale("c1", page), sale("c2", server), sale("c3", server)]);
    const before = [...platform.results].map(([name, all]) => [name, all.length]);
    for (let at = 0; at < PARTITIONS; at += 1) platform.rebuild(at);
    for (let i = 0; i < 10; i += 1) platform.relayAgain(i);
    platform.settle();
    expect([...platform.results].map(([name, all]) => [name, all.length])).toEqual(before);
    play(platform, [sale("c4", page), sale("c5", { userId: of(3, "u") })]);
    expect(counted(platform)).toEqual([`a:${page.anonymousId}/c1 17.5`]);
    expect(platform.books.duplicateOrders).toBe(4);
  });

  it("counts once after its two senders are found to be one person, whoever won and whatever their IDs", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const link: PlainEvent = { id: "i", type: "identify", time: NOW + 1, ...page, ...server };
    for (const [first, second] of [
      [page, server],
      [server, page],
    ] as const) {
      for (const id of ["c1", "c2"]) {
        const platform = play(platformOf(), [sale("c1", first), sale(id, second), link]);
        expect(platform.valid()).toMatchObject([{ key: `${server.userId}/c1`, value: "17.5" }]);
        expect(platform.valid()[0]?.sentAs.startsWith(first === page ? "a:" : "u:")).toBe(true);
      }
    }
  });

  it("takes a copy's duplicate order over from its own partition", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const link: PlainEvent = { id: "i", type: "identify", time: NOW + 1, ...page, ...server };
    const platform = play(platformOf(), [sale("c1", page), sale("c2", page), link]);
    expect(platform.valid()).toMatchObject([{ key: `${server.userId}/c1` }]);
    expect(historyOf(platform, `a:${page.anonymousId}/c2`)).toEqual([
      [0, "duplicate_order", ""],
      [1, "duplicate_order", ""],
    ]);
  });
});

describe("a refund under another user key", () => {
  const office = { userId: of(3, "office-") };

  it("is taken off the order wherever it is, before and after the conversion, once", () => {
    for (const userId of [of(0, "u"), of(2, "u"), of(3, "u")]) {
      const back = refund("r1", office, "2.50");
      for (const events of [
        [sale("c1", { userId }), back],
        [back, sale("c1", { userId })],
      ]) {
        const platform = play(platformOf(), [...events, back]);
        for (let i = 0; i < 6; i += 1) platform.relayAgain(i);
        platform.settle();
        expect(counted(platform)).toEqual([`u:${userId}/c1 15`]);
        for (let at = 0; at < PARTITIONS; at += 1) platform.rebuild(at);
        play(platform, [{ id: "t", type: "click", time: NOW - 1, channel: "email", userId }]);
        expect(counted(platform)).toEqual([`u:${userId}/c1 15`]);
      }
    }
  });

  it("is one with the person's own of its event ID", () => {
    const userId = of(2, "u");
    const platform = play(platformOf(), [
      sale("c1", { userId }),
      refund("r1", { userId }, "2.50"),
      refund("r1", office, "2.50"),
      refund("r2", office, "5"),
    ]);
    expect(counted(platform)).toEqual([`u:${userId}/c1 10`]);
  });

  it("is of the conversion that counts, of each name", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const platform = play(platformOf(), [
      sale("c1", page),
      sale("c2", server),
      sale("c3", server, { name: "lead" }),
      refund("r1", server, "7.50"),
    ]);
    expect(counted(platform).toSorted()).toEqual([
      `a:${page.anonymousId}/c1 10`,
      `u:${server.userId}/c3 10`,
    ]);
  });

  it("is unmatched only where no partition has the order", () => {
    const userId = of(2, "u");
    const platform = play(platformOf(), [sale("c1", { userId }), refund("r1", office, "1")]);
    expect(platform.books.unmatchedRefunds).toBe(0);
    play(platform, [{ ...refund("r2", office, "1"), orderId: of(1, "none-") }]);
    expect(platform.books.unmatchedRefunds).toBe(1);
    const reuses = play(platformOf(REUSES), [sale("c1", { userId }), refund("r1", office, "1")]);
    expect(counted(reuses)).toEqual([`u:${userId}/c1 17.5`]);
    expect(reuses.books.unmatchedRefunds).toBe(1);
  });

  it("follows the conversion into the partition of the person who turns out to be its sender", () => {
    const [page, server] = [{ anonymousId: of(1, "a") }, { userId: of(2, "u") }];
    const link: PlainEvent = { id: "i", type: "identify", time: NOW + 1, ...page, ...server };
    const back = refund("r1", office, "2.50");
    for (const events of [
      [sale("c1", page), link, back],
      [sale("c1", page), back, link],
      [back, sale("c1", page), link],
    ]) {
      const platform = play(platformOf(), events);
      expect(platform.valid()).toMatchObject([{ key: `${server.userId}/c1`, value: "15" }]);
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { eraseRows, readErasedConversions } from "../../src/erase/erase-rows.ts";
import { countPendingRows, readPendingKeys } from "../../src/erase/pending-keys.ts";
import { migrate } from "../../src/engine/migrations.ts";
import { openWarehouse } from "../../src/engine/open.ts";
import {
  click,
  factBlock,
  purchase,
  receiptOf,
  recordBlock,
  resultBlock,
  T0,
} from "../support/blocks.ts";
import { startShim } from "../support/clickhouse-shim.ts";
import { loadFacts, loadResults, temporaryWarehouse } from "../support/warehouse.ts";

let chdb: WarehouseEngine;
let clickhouse: WarehouseEngine;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const warehouse = await temporaryWarehouse();
  chdb = warehouse.engine;
  const shim = await startShim(chdb);
  clickhouse = await openWarehouse({ clickhouseUrl: shim.url }, { queryTimeoutMs: 5000 });
  await migrate(clickhouse);
  cleanUp.push(() => clickhouse.close(), shim.stop, warehouse.remove);
});
afterAll(async () => {
  for (const step of cleanUp) await step();
});
const TABLES = ["events", "attributions", "identities", "erasing", "erasures"];
beforeEach(async () => {
  for (const table of TABLES) await chdb.command(`TRUNCATE TABLE tributary.${table}`);
});

const never = new AbortController().signal;
const at = (second: number): string => `${1_700_000_000_000 + second * 1000}-0`;
const eraseAll = async (engine: WarehouseEngine) => {
  const chosen = await readPendingKeys(engine);
  const counts = await countPendingRows(engine, chosen);
  const told = await readErasedConversions(engine, chosen);
  const before = await namesIn("attributions", "conversion_id");
  await eraseRows(engine, chosen, never);
  const after = new Set(await namesIn("attributions", "conversion_id"));
  // Of those that are somebody else's by now a part goes, and nobody is told that they are no more.
  expect(told.flatMap(({ conversions }) => conversions.map(({ id }) => id)).toSorted()).toEqual(
    before.filter((id) => !after.has(id)),
  );
  for (const { newestAt } of counts) expect(newestAt).toBeGreaterThanOrEqual(T0);
  return counts.map(({ receipt, events, conversions, touchpoints }) => ({
    receipt,
    counts: [events, conversions, touchpoints],
  }));
};
const namesIn = async (table: string, column: string): Promise<string[]> =>
  (
    await chdb.query<{ name: string }>(
      `SELECT DISTINCT ${column} AS name FROM tributary.${table} ORDER BY name`,
    )
  ).map(({ name }) => name);
const of = (userId: string) => ({ userId });
/** Everything that the tables hold, as text: partly merged parts and all. */
const everything = async (): Promise<string> => {
  const rows = await Promise.all(
    TABLES.map(async (table) => chdb.query(`SELECT * FROM tributary.${table}`)),
  );
  return JSON.stringify(rows);
};

describe.each(["chdb", "clickhouse"])("in %s", (which) => {
  const engine = (): WarehouseEngine => (which === "chdb" ? chdb : clickhouse);

  test("what came before an erasure goes, what came after and what is others' stays", async () => {
    const other = purchase("c2", T0, of("u2"));
    await loadFacts(chdb, factBlock([click("t1", T0), purchase("c1", T0 + 1), other]), at(1));
    await loadFacts(chdb, factBlock([click("t9", T0, of("u1x")), click("t2", T0 + 5)]), at(2));
    await loadResults(
      chdb,
      resultBlock([{ conversion: purchase("c1", T0 + 1), touches: [click("t1", T0)], value: "1" }]),
      at(1),
    );
    await loadResults(chdb, resultBlock([{ conversion: other, touches: [], value: "2" }]), at(1));
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), at(3));
    // In the very commit of the erasure, and later.
    await loadFacts(chdb, factBlock([click("t3", T0 + 2)]), at(3));
    await loadFacts(chdb, factBlock([purchase("c3", T0 + 3)]), at(4));
    await loadResults(
      chdb,
      resultBlock([
        { conversion: purchase("c3", T0 + 3), touches: [click("t3", T0 + 2)], value: "3" },
      ]),
      at(4),
    );

    expect(await eraseAll(engine())).toEqual([{ receipt: receiptOf(1), counts: [3, 1, 2] }]);
    expect(await namesIn("events", "event_id")).toEqual(["c2", "c3", "t3", "t9"]);
    expect(await namesIn("attributions", "conversion_id")).toEqual(["c2", "c3"]);
    expect(await namesIn("erasing", "user_key")).toEqual([]);
    // Nothing to do does nothing.
    expect(await eraseAll(engine())).toEqual([]);
  });

  test("a conversion of the same event ID that somebody else sent stays", async () => {
    const mine = purchase("same", T0);
    const theirs = purchase("same", T0, of("u2"));
    await loadFacts(chdb, factBlock([mine, theirs]), at(1));
    for (const conversion of [mine, theirs]) {
      await loadResults(chdb, resultBlock([{ conversion, touches: [], value: "1" }]), at(1));
    }
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), at(2));
    const chosen = await readPendingKeys(engine());
    expect(await readErasedConversions(engine(), chosen)).toEqual([
      { tenant: "default", conversions: [{ id: "same", userKey: "u1", anonymous: false }] },
    ]);
    await eraseRows(engine(), chosen, never);
    expect(await namesIn("attributions", "user_key")).toEqual(["u2"]);
    expect(await namesIn("events", "user_key")).toEqual(["u2"]);
  });

  test("entry IDs are compared as numbers, and those of other partitions not at all", async () => {
    await loadFacts(chdb, factBlock([click("t1", T0)]), "1700000000000-9");
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), "1700000000000-10");
    await loadFacts(chdb, factBlock([click("t2", T0)]), "1700000000000-11");
    await loadFacts(chdb, recordBlock([{ key: "u2", receipt: 2 }]), "1700000000000-12", 4);
    await loadFacts(chdb, factBlock([click("t3", T0, of("u2"))]), "1600000000000-0", 3);
    await eraseAll(engine());
    expect(await namesIn("events", "event_id")).toEqual(["t2", "t3"]);
  });

  test("of two erasures of one person each takes, and counts, what came since the one before", async () => {
    await loadFacts(chdb, factBlock([click("t1", T0)]), at(1));
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), at(2));
    await loadFacts(chdb, factBlock([click("t2", T0), click("t3", T0)]), at(3));
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 2 }]), at(4));
    await loadFacts(chdb, factBlock([click("t4", T0)]), at(5));
    const counts = await eraseAll(engine());
    expect(counts.toSorted((a, b) => a.receipt.localeCompare(b.receipt))).toEqual([
      { receipt: receiptOf(1), counts: [1, 0, 1] },
      { receipt: receiptOf(2), counts: [2, 0, 2] },
    ]);
    expect(await namesIn("events", "event_id")).toEqual(["t4"]);
  });

  test("a person's devices go with all that was decided of them, but not one that is another's", async () => {
    const of1 = { id: "c1", type: "conversion", time: T0, anonymousId: "a1" } as const;
    const of2 = { id: "t2", type: "click", time: T0, anonymousId: "a2" } as const;
    await loadFacts(chdb, factBlock([of1, of2]), at(1));
    await loadFacts(
      chdb,
      recordBlock(
        [],
        [
          { anonymousId: "a1", userId: "u9", generation: 1 },
          { anonymousId: "a1", userId: "u1", generation: 2 },
          { anonymousId: "a2", userId: "u1", generation: 1 },
          { anonymousId: "a2", userId: "u2", generation: 2 },
          { anonymousId: "a3", userId: "u1", generation: 1 },
          { anonymousId: "a3", userId: "u2", generation: 2 },
        ],
      ),
      at(1),
    );
    // Under the owner of before, under the person, and a former result of another's device.
    await loadResults(
      chdb,
      resultBlock([
        {
          conversion: purchase("c1", T0, of("u9")),
          touches: [],
          value: "1",
          generation: 1,
          anonymousId: "a1",
        },
      ]),
      at(1),
      5,
    );
    await loadResults(
      chdb,
      resultBlock([
        {
          conversion: purchase("c1", T0, of("u1")),
          touches: [],
          value: "1",
          revision: 1,
          generation: 2,
          anonymousId: "a1",
        },
      ]),
      at(2),
      6,
    );
    await loadResults(
      chdb,
      resultBlock([{ conversion: purchase("c7", T0, of("u1")), touches: [], value: "1" }]),
      at(2),
      6,
    );
    await loadResults(
      chdb,
      resultBlock([{ conversion: purchase("c8", T0, of("u2")), touches: [], value: "1" }]),
      at(2),
      6,
    );
    await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), at(3), 6);
    await loadFacts(
      chdb,
      recordBlock(
        [
          { key: "a1", anonymous: true, owner: "u1", generation: 3, receipt: 1 },
          { key: "a2", anonymous: true, owner: "u1", linked: false, generation: 3, receipt: 1 },
        ],
        [
          { anonymousId: "a1", userId: "", generation: 2 },
          { anonymousId: "a1", userId: "u3", generation: 4 },
        ],
      ),
      at(3),
    );
    expect(await eraseAll(engine())).toEqual([{ receipt: receiptOf(1), counts: [1, 1, 0] }]);
    expect(await namesIn("events", "event_id")).toEqual(["t2"]);
    expect(await namesIn("attributions", "conversion_id")).toEqual(["c8"]);
    expect(
      await chdb.query(
        "SELECT anonymous_id, user_id FROM tributary.identities ORDER BY anonymous_id",
      ),
    ).toEqual([
      { anonymous_id: "a1", user_id: "u3" },
      { anonymous_id: "a2", user_id: "u2" },
      { anonymous_id: "a3", user_id: "u2" },
    ]);
    expect(await everything()).not.toMatch(/"u1"|"u9"/);
  });

  test("as many keys as are taken at a time fit a statement", async () => {
    const ids = Array.from({ length: 350 }, (_, i) => `person-${i}`);
    await loadFacts(chdb, factBlock(ids.map((id) => click(`t-${id}`, T0, of(id)))), at(1));
    await loadFacts(chdb, recordBlock(ids.map((key) => ({ key, receipt: 1 }))), at(2));
    expect(await eraseAll(engine())).toHaveLength(250);
    expect(await eraseAll(engine())).toHaveLength(100);
    expect(await namesIn("events", "event_id")).toEqual([]);
  });

  test("statements that the engine keeps name nobody", async () => {
    await loadFacts(chdb, factBlock([click("t1", T0, of("somebody@example.com"))]), at(1));
    await loadFacts(chdb, recordBlock([{ key: "somebody@example.com", receipt: 1 }]), at(2));
    await eraseAll(engine());
    const kept = await chdb.query("SELECT command FROM system.mutations");
    expect(kept.length).toBeGreaterThan(3);
    expect(JSON.stringify(kept)).not.toContain("somebody");
    expect(await everything()).not.toContain("somebody");
  });
});

test("waiting for a mutation can be given up", async () => {
  await loadFacts(chdb, recordBlock([{ key: "u1", receipt: 1 }]), at(1));
  const slow: WarehouseEngine = Object.create(chdb, {
    query: {
      value: async (sql: string) =>
        sql.includes("system.mutations") ? [{ running: "1", reason: "" }] : chdb.query(sql),
    },
  });
  const chosen = await readPendingKeys(chdb);
  await expect(eraseRows(slow, chosen, AbortSignal.timeout(50))).rejects.toThrow("aborted");
  const failing: WarehouseEngine = Object.create(chdb, {
    query: { value: async () => [{ running: "1", reason: "no space left" }] },
  });
  await expect(eraseRows(failing, chosen, never)).rejects.toMatchObject({
    code: "query_failed",
    message: "an erasure's mutation fails; latest_fail_reason of system.mutations says why",
  });
});

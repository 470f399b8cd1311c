import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  FactRows,
  readReceipts,
  ResultRows,
  storeRequestedErasure,
  type WarehouseEngine,
  WarehouseError,
} from "@tributary/warehouse";
import { Eraser } from "../../src/load/eraser.ts";
import {
  click,
  erasedBlock,
  factBlock,
  purchase,
  receiptOf,
  resultBlock,
} from "../support/blocks.ts";
import { quietTelemetry, temporaryWarehouse } from "../support/parts.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());
const TABLES = ["events", "attributions", "identities", "erasing", "erasures"];
beforeEach(async () => {
  for (const table of TABLES) await engine.command(`TRUNCATE TABLE tributary.${table}`);
});

const WHO = "somebody@example.com";
const of = { userId: WHO };
const TENANT = "default";
const ASKED_AT = 1_700_000_009_000;

/** A person's purchase, and another's, and that the person was asked to be erased. */
const load = async (): Promise<void> => {
  const facts = new FactRows(1);
  const mine = [click("t1", of), purchase("c1", of)];
  facts.add(factBlock([...mine, click("t2"), purchase("c2")]), 1, "1700000001000-0", "1-0");
  facts.add(erasedBlock(WHO, 7), 1, "1700000002000-0", "2-0");
  const results = new ResultRows(1);
  results.add(
    resultBlock([purchase("c1", of)], [click("t1", of)], "5"),
    1,
    "1700000001000-0",
    "1-0",
  );
  results.add(resultBlock([purchase("c2")], [click("t2")], "5"), 1, "1700000001000-1", "1-0");
  for (const batch of [facts.finish(), facts.finishErasing(), results.finish()]) {
    await engine.insertRowBinary(batch.table, batch.columns, batch.bytes);
  }
  await storeRequestedErasure(engine, { tenant: TENANT, receipt: receiptOf(7) }, ASKED_AT);
};
const everything = async (): Promise<string> =>
  JSON.stringify(
    await Promise.all(
      TABLES.map(async (table) => engine.query(`SELECT * FROM tributary.${table}`)),
    ),
  );
const eraserOver = (over: WarehouseEngine, settle = async () => true) => {
  const { telemetry, logged } = quietTelemetry();
  const told: string[] = [];
  const tellErased = async (
    tenant: string,
    conversions: readonly { readonly id: string }[],
  ): Promise<void> => {
    told.push(`${tenant}: ${conversions.map(({ id }) => id).join(", ")}`);
  };
  return {
    eraser: new Eraser({ engine: over, telemetry, settle, tellErased, gatherMs: 1 }),
    told,
    logged,
    telemetry,
  };
};
const isDone = async (): Promise<void> =>
  vi.waitFor(
    async () => {
      const [receipt] = await readReceipts(engine, TENANT);
      expect(receipt?.erasedAt).toBeGreaterThan(0);
    },
    { timeout: 10_000 },
  );
const expectErased = async (): Promise<void> => {
  expect(await readReceipts(engine, TENANT)).toEqual([
    {
      receipt: receiptOf(7),
      askedAt: ASKED_AT,
      erasedAt: expect.any(Number),
      events: 2,
      conversions: 1,
      touchpoints: 1,
    },
  ]);
  const left = await everything();
  expect(left).not.toContain(WHO);
  expect(left).toContain('"c2"');
};

test("what is asked for is erased, and its receipt says how much", async () => {
  await load();
  const before = await engine.dataVersion();
  const { eraser, told, logged, telemetry } = eraserOver(engine);
  eraser.start();
  await isDone();
  await eraser.stop();
  await expectErased();
  expect(told).toEqual([`${TENANT}: c1`]);
  // Answers that were kept are void.
  expect(await engine.dataVersion()).not.toBe(before);
  expect(logged()).toContain("info: erased from the warehouse");
  expect(await telemetry.metrics.metrics()).toContain("tributary_erased_events_total 2");
});

test("nothing goes while it is not settled what came before", async () => {
  await load();
  let asked = 0;
  const { eraser } = eraserOver(engine, async () => {
    asked += 1;
    return false;
  });
  eraser.start();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(2), { timeout: 10_000 });
  await eraser.stop();
  expect(await everything()).toContain(WHO);
});

test("a receipt without anything to erase is closed when all is settled", async () => {
  await storeRequestedErasure(engine, { tenant: TENANT, receipt: receiptOf(1) }, ASKED_AT);
  const { eraser } = eraserOver(engine);
  eraser.start();
  await isDone();
  await eraser.stop();
  expect(await readReceipts(engine, TENANT)).toMatchObject([{ events: 0 }]);
});

/** Dies after a call was done: then, and at every one that follows, there is no answer. */
function dying(at: number): { engine: WarehouseEngine; isDead: () => boolean } {
  let calls = 0;
  const run = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    const answer = calls > at ? undefined : await call();
    if (answer !== undefined && calls < at) return answer;
    throw new WarehouseError("unavailable", `no answer about ${WHO}`);
  };
  const dies = Object.create(engine, {
    query: { value: async (sql: string) => run(async () => engine.query(sql)) },
    command: { value: async (sql: string) => run(async () => [await engine.command(sql)]) },
    insertRowBinary: {
      value: async (...args: Parameters<WarehouseEngine["insertRowBinary"]>) =>
        run(async () => [await engine.insertRowBinary(...args)]),
    },
  }) as WarehouseEngine;
  return { engine: dies, isDead: () => calls >= at };
}

test("wherever it dies, the next one finishes it and counts the same", async () => {
  let died = true;
  for (let at = 1; died; at += 1) {
    for (const table of TABLES) await engine.command(`TRUNCATE TABLE tributary.${table}`);
    await load();
    const mortal = dying(at);
    const first = eraserOver(mortal.engine);
    first.eraser.start();
    await Promise.race([isDone(), vi.waitFor(() => expect(mortal.isDead()).toBe(true), 10_000)]);
    await first.eraser.stop();
    died = mortal.isDead();
    const second = eraserOver(engine);
    second.eraser.start();
    await isDone();
    await second.eraser.stop();
    await expectErased();
    // At least once: whoever is told leaves out what they know.
    expect(new Set([...first.told, ...second.told])).toEqual(new Set([`${TENANT}: c1`]));
    expect(first.logged().join()).not.toContain(WHO);
  }
}, 120_000);

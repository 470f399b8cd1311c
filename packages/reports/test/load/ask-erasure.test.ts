import { afterAll, beforeAll, expect, test } from "vitest";
import {
  BLOCK_FIELD,
  createRowDictionaries,
  EntryColumns,
  EventRow,
  eventsKey,
  FLAG_ANONYMOUS,
  ROWS_FIELD,
} from "@tributary/protocol";
import { EntryAppender, type RedisClient } from "@tributary/streams";
import { readReceipts, readOpenErasures, type WarehouseEngine } from "@tributary/warehouse";
import { askErasure, type AskErasureParts } from "../../src/load/ask-erasure.ts";
import { quietTelemetry, temporaryWarehouse } from "../support/parts.ts";
import { startRedis } from "../support/redis.ts";

let client: RedisClient;
let engine: WarehouseEngine;
let parts: AskErasureParts;
let logged: () => string[];
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const redis = await startRedis();
  const warehouse = await temporaryWarehouse();
  ({ client } = redis);
  ({ engine } = warehouse);
  const quiet = quietTelemetry();
  ({ logged } = quiet);
  const appender = new EntryAppender(client, undefined);
  const { telemetry } = quiet;
  parts = { engine, telemetry, appender, partitions: 1, countDeadLetters: async () => 2 };
  cleanUp.push(warehouse.remove, redis.stop);
});
afterAll(async () => {
  for (const step of cleanUp) await step();
});

const PERSON = { tenant: "default", id: "ada@example.com", anonymous: false };

test("the person's partition is told whom to forget, and which devices are known to be theirs", async () => {
  const rows = [
    ["d1", 1, "eve"],
    ["d1", 2, PERSON.id],
    ["d2", 1, PERSON.id],
    ["d3", 1, PERSON.id],
    ["d3", 2, "eve"],
  ].map(([id, generation, user]) => `('default', '${id}', ${generation}, '${user}', 0, '1-0')`);
  await engine.command(
    `INSERT INTO tributary.identities (tenant, anonymous_id, generation, user_id, partition, position) VALUES ${rows.join(", ")}`,
  );
  const asked = await askErasure(parts, PERSON);
  expect(asked).toMatchObject({ deadLetters: 2 });
  const { receipt } = asked;
  expect(receipt).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(await readOpenErasures(engine)).toEqual([{ tenant: "default", receipt }]);
  expect(await readReceipts(engine, "default", receipt)).toMatchObject([
    { receipt, askedAt: asked.askedAt, erasedAt: undefined, events: 0 },
  ]);

  const [entry] = await client.xrangeBuffer(eventsKey(0), "-", "+");
  const fields = entry?.[1] ?? [];
  const value = (name: string) => fields[fields.findIndex((of) => String(of) === name) + 1];
  expect(String(value(ROWS_FIELD))).toBe("3");
  const dictionaries = createRowDictionaries(1);
  const columns = new EntryColumns();
  columns.read(value(BLOCK_FIELD) ?? Buffer.alloc(0), dictionaries);
  const row = new EventRow();
  const keys = Array.from({ length: columns.count }, (_, i) => {
    columns.load(i, row);
    const key = Buffer.from(row.user.subarray(row.userStart, row.userStart + row.userLength));
    return [(row.flags & FLAG_ANONYMOUS) !== 0, key.toString()];
  });
  expect(keys[0]).toEqual([false, PERSON.id]);
  const devices = keys.slice(1).map(([, key]) => key);
  expect(new Set(devices)).toEqual(new Set(["d1", "d2"]));
});

test("where Redis or the warehouse does not answer nobody is named, and there is no receipt", async () => {
  const failing = {
    appendMessage: async () =>
      Promise.reject(
        Object.assign(new Error(`OOM ${PERSON.id}`), { command: { args: [PERSON.id] } }),
      ),
  } as unknown as EntryAppender;
  const before = await readReceipts(engine, "default");
  const away = Object.create(engine, {
    query: { value: async () => Promise.reject(new Error(`in scope of '${PERSON.id}'`)) },
  }) as WarehouseEngine;
  for (const broken of [{ appender: failing }, { engine: away }]) {
    const asking = askErasure({ ...parts, ...broken }, PERSON);
    await expect(asking).rejects.toMatchObject({ code: "unavailable" });
    await expect(asking).rejects.not.toThrow(PERSON.id);
  }
  expect(await readReceipts(engine, "default")).toEqual(before);
  expect(logged()).toEqual([
    "error: an erasure could not be asked for",
    "error: an erasure could not be asked for",
  ]);
});

import type { TributaryEvent } from "@tributary/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { migrate } from "../../src/engine/migrations.ts";
import { MIGRATIONS } from "../../src/engine/schema.ts";
import { findConversions } from "../../src/query/conversion-lookup.ts";
import { attributionReport } from "../../src/query/report-queries.ts";
import { click, factBlock, purchase, recordBlock, resultBlock, T0 } from "../support/blocks.ts";
import { loadFacts, loadResults, temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse(false));
});
afterAll(() => remove());

test("numbers run from 1 without gaps", () => {
  expect(MIGRATIONS.map((migration) => migration.number)).toEqual(
    MIGRATIONS.map((_migration, i) => i + 1),
  );
});

/** Columns that the loader writes: earlier facts of this test have them early. */
const ORIGINS = MIGRATIONS.find(({ name }) => name === "origins of touchpoints");

/** Before migration 7: results without the user key that each conversion was sent under. */
const BY_SENDER = 7;
const SENT_BY = [
  // Two revisions of a user's, one of an anonymous ID that is nobody's.
  { conversion_id: "own", revision: 0, user_key: "u1", is_anonymous: false, generation: 0 },
  { conversion_id: "own", revision: 1, user_key: "u1", is_anonymous: false, generation: 0 },
  { conversion_id: "lone", revision: 0, user_key: "a9", is_anonymous: true, generation: 0 },
  // An anonymous ID's, then that of the user whom it was linked to, then its own again.
  { conversion_id: "moved", revision: 0, user_key: "a1", is_anonymous: true, generation: 0 },
  { conversion_id: "moved", revision: 1, user_key: "u1", is_anonymous: false, generation: 5 },
  { conversion_id: "moved", revision: 2, user_key: "a1", is_anonymous: true, generation: 6 },
  { conversion_id: "kept", revision: 0, user_key: "a2", is_anonymous: true, generation: 0 },
  { conversion_id: "kept", revision: 1, user_key: "u1", is_anonymous: false, generation: 5 },
];

function anonymousPurchase(id: string, anonymousId: string): TributaryEvent {
  const { userId: _, ...event } = purchase(id, T0);
  return { ...event, anonymousId };
}

async function storeEarlierResults(): Promise<void> {
  for (const statement of ORIGINS?.statements ?? []) await engine.command(statement);
  const sent = [
    purchase("own", T0),
    anonymousPurchase("lone", "a9"),
    anonymousPurchase("moved", "a1"),
    anonymousPurchase("kept", "a2"),
  ];
  await loadFacts(engine, factBlock(sent));
  const decided = [
    { anonymousId: "a1", userId: "u1", generation: 5 },
    { anonymousId: "a1", userId: "", generation: 6 },
    { anonymousId: "a2", userId: "u1", generation: 5 },
  ];
  await loadFacts(engine, recordBlock([], decided), "1700000001000-0");
  const rows = SENT_BY.map(
    (row) =>
      `('default', '${row.conversion_id}', ${row.revision}, ${row.generation}, '${row.user_key}', ${row.is_anonymous},
  fromUnixTimestamp64Milli(${T0}, 'UTC'), fromUnixTimestamp64Milli(${T0 + row.revision}, 'UTC'), 1)`,
  );
  await engine.command(
    `INSERT INTO tributary.attributions (tenant, conversion_id, revision, generation, user_key, is_anonymous, conversion_time, attributed_at, value)
VALUES ${rows.join(", ")}`,
  );
}

test("each is applied once, and runs again where it was cut short before its record", async () => {
  for (const { number } of MIGRATIONS) {
    const upTo = MIGRATIONS.slice(0, number);
    if (number === BY_SENDER) await storeEarlierResults();
    expect(await migrate(engine, upTo)).toEqual([number]);
    expect(await migrate(engine, upTo)).toEqual([]);
    await engine.command(
      `ALTER TABLE tributary.migrations DELETE WHERE number = ${number} SETTINGS mutations_sync = 1`,
    );
    expect(await migrate(engine, upTo)).toEqual([number]);
  }
  const recorded = await engine.query(
    "SELECT number, name FROM tributary.migrations ORDER BY number",
  );
  expect(recorded).toEqual(MIGRATIONS.map(({ number, name }) => ({ number, name })));
});

test("results loaded before they named a sender have the user key that the conversion was sent under", async () => {
  const found = await engine.query(
    `SELECT conversion_id, revision, sent_user_key, sent_anonymous, user_key, is_anonymous, toUInt32(generation) AS generation
FROM tributary.attributions ORDER BY conversion_id, revision`,
  );
  const senders: Record<string, [string, boolean]> = {
    own: ["u1", false],
    lone: ["a9", true],
    moved: ["a1", true],
    kept: ["a2", true],
  };
  const expected = SENT_BY.map((row) => {
    const [sent_user_key, sent_anonymous] = senders[row.conversion_id] ?? [];
    return { ...row, sent_user_key, sent_anonymous };
  });
  expect(found).toHaveLength(SENT_BY.length);
  expect(found).toEqual(expect.arrayContaining(expected));
  const { report } = await attributionReport(engine, {
    tenant: "default",
    models: ["linear"],
    by: ["channel"],
  });
  expect(report.totals.conversions).toBe(4);
});

test("a result that comes again, or a later one, replaces the one that was stored before the migration", async () => {
  const conversion = purchase("own", T0);
  const touches = [click("t", T0 - 1000)];
  for (const [revision, of] of [
    [1, []],
    [2, touches],
  ] as const) {
    const block = resultBlock([{ conversion, touches: of, value: "", revision }]);
    await loadResults(engine, block, `${T0 + revision}-0`);
  }
  const [found, ...others] = await findConversions(engine, "default", "own");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ revision: 2, sentUserKey: "u1", touchpoints: [{ id: "t" }] });
  expect(found?.revisions.map(({ revision }) => revision)).toEqual([0, 1, 2]);
});

test("facts loaded before they had an origin have the one that the loader writes", async () => {
  const facts = [
    ["click", "https://WWW.Google.com/search?q=1", "https://shop.example/?gclid=1&tclid=x"],
    ["visit", "android-app://com.shop.app", "https://shop.example/?a=1&tclid=x%2Dy#tclid=z"],
    ["visit", "", "https://shop.example/?fbclid=&x=1"],
    ["impression", "https://blog.example/", "https://shop.example/?gclid=1"],
    ["custom", "https://blog.example/", "https://shop.example/?tclid=1"],
  ];
  for (const [i, [type = "", referrer = "", url = ""]] of facts.entries()) {
    await engine.command(
      `INSERT INTO tributary.events (tenant, event_id, type, time, user_key, referrer, url)
VALUES ('earlier', '${i}', '${type}', fromUnixTimestamp64Milli(${T0}, 'UTC'), 'u', '${referrer}', '${url}')`,
    );
  }
  const events = facts.map(
    ([type, referrer, url], i) =>
      ({ id: String(i), type, time: T0, userId: "u", referrer, url }) as TributaryEvent,
  );
  await loadFacts(engine, factBlock(events, "now"));
  const read = (tenant: string) =>
    engine.query(
      "SELECT referrer_host, has_click_id, link_click FROM tributary.events FINAL WHERE tenant = {tenant:String} ORDER BY event_id",
      { tenant },
    );
  const found = await read("now");
  expect(found).toEqual([
    { referrer_host: "google.com", has_click_id: true, link_click: "" },
    { referrer_host: "com.shop.app", has_click_id: false, link_click: "x-y" },
    { referrer_host: "", has_click_id: false, link_click: "" },
    { referrer_host: "", has_click_id: false, link_click: "" },
    { referrer_host: "", has_click_id: false, link_click: "" },
  ]);
  expect(await read("earlier")).toEqual(found);
});

test("a schema of a newer version is refused", async () => {
  await engine.command("INSERT INTO tributary.migrations (number, name) VALUES (99, 'later')");
  await expect(migrate(engine)).rejects.toMatchObject({
    code: "schema_newer",
    message: expect.stringContaining("migration 99"),
  });
});

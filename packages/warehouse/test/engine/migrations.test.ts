import { afterAll, beforeAll, expect, test } from "vitest";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { migrate } from "../../src/engine/migrations.ts";
import { MIGRATIONS } from "../../src/engine/schema.ts";
import { temporaryWarehouse } from "../support/warehouse.ts";

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

test("migrations are applied once and recorded", async () => {
  const all = MIGRATIONS.map((migration) => migration.number);
  expect(await migrate(engine)).toEqual(all);
  expect(await migrate(engine)).toEqual([]);
  const recorded = await engine.query(
    "SELECT number, name FROM tributary.migrations ORDER BY number",
  );
  expect(recorded).toEqual(MIGRATIONS.map(({ number, name }) => ({ number, name })));
});

test("a migration cut short before its record runs again", async () => {
  await engine.command("TRUNCATE TABLE tributary.migrations");
  expect(await migrate(engine)).toEqual(MIGRATIONS.map((migration) => migration.number));
});

test("a schema of a newer version is refused", async () => {
  await engine.command("INSERT INTO tributary.migrations (number, name) VALUES (99, 'later')");
  await expect(migrate(engine)).rejects.toMatchObject({
    code: "schema_newer",
    message: expect.stringContaining("migration 99"),
  });
});

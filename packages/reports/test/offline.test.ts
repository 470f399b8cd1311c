import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { migrate, openWarehouse, ResultRows } from "@tributary/warehouse";
import { openReports, warehouseFolder } from "../src/offline.ts";
import { click, purchase, resultBlock } from "./support/blocks.ts";

test("a data folder answers without a platform, also what the platform loaded before", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "tributary-offline-"));
  const engine = await openWarehouse({ dataDir: warehouseFolder(dataDir) });
  await migrate(engine);
  const rows = new ResultRows(1);
  rows.add(resultBlock([purchase("c1")], [click("t1")], "4"), 0, "1700000001000-0");
  const { table, columns, bytes } = rows.finish();
  await engine.insertRowBinary(table, columns, bytes);
  await engine.close();

  const reports = await openReports(dataDir);
  const { rows: answer } = await reports.attribution({ models: ["linear"], by: ["channel"] });
  expect(answer).toEqual([
    { model: "linear", channel: "email", conversions: 1, value: "4", currency: "EUR" },
  ]);
  expect(await reports.conversion("order-c1")).toMatchObject({ id: "c1" });
  const before = { asOf: "2023-11-14T22:13:20.999Z" };
  const { totals } = await reports.attribution({ models: [], by: [], ...before });
  expect(totals.conversions).toBe(0);
  await expect(reports.conversion("c1", before)).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining("as of 2023-11-14T22:13:20.999Z"),
  });
  await expect(reports.attribution({ models: ["x"], by: [] })).rejects.toMatchObject({
    code: "model_unknown",
  });
  await reports.close();
  await rm(dataDir, { recursive: true });
});

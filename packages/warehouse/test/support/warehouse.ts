import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FactRows } from "../../src/load/facts.ts";
import { ResultRows } from "../../src/load/results.ts";
import { migrate } from "../../src/engine/migrations.ts";
import { openWarehouse } from "../../src/engine/open.ts";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import type { RowBatch } from "../../src/load/row-batch.ts";

/** A chDB of its own in a new folder. One a process: so one a test file. */
export async function temporaryWarehouse(
  migrated = true,
): Promise<{ engine: WarehouseEngine; dataDir: string; remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), "tributary-warehouse-"));
  const engine = await openWarehouse({ dataDir });
  if (migrated) await migrate(engine);
  return {
    engine,
    dataDir,
    remove: async () => {
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function insert(engine: WarehouseEngine, batch: RowBatch): Promise<void> {
  await engine.insertRowBinary(batch.table, batch.columns, batch.bytes);
}

export async function loadFacts(
  engine: WarehouseEngine,
  block: Uint8Array,
  position = "1700000000000-0",
  partition = 3,
): Promise<void> {
  const rows = new FactRows(1);
  rows.add(block, partition, position, position);
  for (const batch of [rows.finish(), rows.finishIdentities(), rows.finishErasing()]) {
    await insert(engine, batch);
  }
}

export async function loadResults(
  engine: WarehouseEngine,
  block: Uint8Array,
  position = "1700000000000-0",
  partition = 3,
): Promise<void> {
  const rows = new ResultRows(1);
  rows.add(block, partition, position, position);
  await insert(engine, rows.finish());
}

import { openChdb } from "./chdb.ts";
import { openClickHouse } from "./clickhouse.ts";
import type { EngineLimits, WarehouseEngine, WarehouseLocation } from "./engine.ts";

export const DEFAULT_ENGINE_LIMITS: EngineLimits = Object.freeze({ queryTimeoutMs: 30_000 });

/**
 * Opens the warehouse's engine; the tables come with `migrate`.
 * @throws WarehouseError `data_dir_locked` or `unavailable`
 */
export async function openWarehouse(
  location: WarehouseLocation,
  limits: EngineLimits = DEFAULT_ENGINE_LIMITS,
): Promise<WarehouseEngine> {
  if (location.clickhouseUrl !== undefined) return openClickHouse(location.clickhouseUrl, limits);
  return openChdb(location.dataDir, limits);
}

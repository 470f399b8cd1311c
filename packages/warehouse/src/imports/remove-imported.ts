import type { WarehouseEngine } from "../engine/engine.ts";
import { RATES_TABLE, SPEND_TABLE } from "../engine/import-schema.ts";

const TABLES = { spend: SPEND_TABLE, rates: RATES_TABLE } as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Removes the rows that one import brought; rows that they had replaced are valid again. Repeating it does no harm.
 * @param importId a UUID, of an import of the tenant that asks
 * @throws WarehouseError as the engine
 */
export async function removeImported(
  engine: WarehouseEngine,
  kind: keyof typeof TABLES,
  importId: string,
): Promise<void> {
  if (!UUID.test(importId)) throw new TypeError("expected the UUID of an import");
  await engine.command(
    `ALTER TABLE ${TABLES[kind]} DELETE WHERE import_id = '${importId}' SETTINGS mutations_sync = 2`,
  );
}

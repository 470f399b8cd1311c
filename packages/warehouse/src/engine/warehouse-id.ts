/** The ID that a warehouse shares with the platform that is loaded into it, and requests to adopt it. */
import type { WarehouseEngine } from "./engine.ts";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE, WAREHOUSE_TABLE } from "./schema.ts";

/** How a warehouse takes a platform over that was loaded into another one. */
export const ADOPTIONS = ["keep", "reload"] as const;
export type Adoption = (typeof ADOPTIONS)[number];

const ID = "id ";
const ADOPT = "adopt";
const NO_ADOPTION = "none";
const ID_FORMAT = /^[\w-]{1,64}$/;

/**
 * The IDs that a warehouse bears. There are several where several processes opened a new one at the same time; the platform
 * bears one of them. @throws WarehouseError as the engine's query
 */
export async function readWarehouseIds(engine: WarehouseEngine): Promise<readonly string[]> {
  const rows = await engine.query<{ name: string }>(
    `SELECT name FROM ${WAREHOUSE_TABLE} FINAL WHERE startsWith(name, '${ID}') ORDER BY name`,
  );
  return rows.map(({ name }) => name.slice(ID.length));
}

/** Has the warehouse bear an ID. @param id letters, digits, `_` and `-` @throws WarehouseError as the engine's command */
export async function addWarehouseId(engine: WarehouseEngine, id: string): Promise<void> {
  if (!ID_FORMAT.test(id)) throw new RangeError("not an ID of a warehouse");
  await store(engine, ID + id, "");
}

/** Whether nothing was ever loaded into the warehouse. @throws WarehouseError as the engine's query */
export async function isEmptyWarehouse(engine: WarehouseEngine): Promise<boolean> {
  const [row] = await engine.query<{ rows: string }>(
    `SELECT (SELECT count() FROM ${EVENTS_TABLE}) + (SELECT count() FROM ${ATTRIBUTIONS_TABLE}) AS rows`,
  );
  return Number(row?.rows) === 0;
}

/** Whether the next service that opens the warehouse is to take the platform over. @throws WarehouseError as the engine's query */
export async function readAdoption(engine: WarehouseEngine): Promise<Adoption | undefined> {
  const [row] = await engine.query<{ value: string }>(
    `SELECT value FROM ${WAREHOUSE_TABLE} FINAL WHERE name = '${ADOPT}'`,
  );
  return ADOPTIONS.find((adoption) => adoption === row?.value);
}

/** Asks for an adoption, or with undefined says that it is done. @throws WarehouseError as the engine's command */
export async function storeAdoption(
  engine: WarehouseEngine,
  adoption: Adoption | undefined,
): Promise<void> {
  await store(engine, ADOPT, adoption ?? NO_ADOPTION);
}

async function store(engine: WarehouseEngine, name: string, value: string): Promise<void> {
  await engine.command(
    `INSERT INTO ${WAREHOUSE_TABLE} (name, value) VALUES ('${name}', '${value}')`,
  );
}

import { randomUUID } from "node:crypto";
import {
  type BlocksHeld,
  claimForWarehouse,
  loadFromBeginning,
  type LoadedBlocks,
  moveToWarehouse,
  readLoadedBlocks,
  readWarehouseId,
  type RedisClient,
} from "@tributary/streams";
import {
  addWarehouseId,
  type Adoption,
  isEmptyWarehouse,
  readAdoption,
  readWarehouseIds,
  storeAdoption,
  WarehouseError,
  type WarehouseEngine,
} from "@tributary/warehouse";

/** A warehouse that the platform is loaded into. */
export interface WarehouseClaim {
  readonly id: string;
  /** What an adoption at this start means, as a sentence; undefined where there was none. */
  readonly adopted: string | undefined;
  /** Whether the platform is still loaded into this warehouse, and no other was adopted since. */
  readonly isHeld: () => Promise<boolean>;
}

/**
 * Makes sure that the platform is loaded into this warehouse alone. Both bear one random ID from the first start on; several
 * services over one ClickHouse find the same.
 * @throws WarehouseError `warehouse_mismatch` where it was loaded into another one, and no adoption was asked for
 */
export async function claimWarehouse(
  client: RedisClient,
  engine: WarehouseEngine,
  partitions: number,
): Promise<WarehouseClaim> {
  const adoption = await readAdoption(engine);
  const adopted =
    adoption === undefined ? undefined : await adopt(client, engine, partitions, adoption);
  const ids = await ownIds(engine);
  let id = await readWarehouseId(client);
  if (id === undefined) {
    const blocks = await readLoadedBlocks(client, partitions);
    if (blocks.isUsed && (await isEmptyWarehouse(engine))) throw mismatch(true, blocks);
    id = await claimForWarehouse(client, ids[0] ?? "");
  }
  // Once more: another service may have opened the same new warehouse, and was the first.
  if (!ids.includes(id) && !(await readWarehouseIds(engine)).includes(id)) {
    throw mismatch(await isEmptyWarehouse(engine), await readLoadedBlocks(client, partitions));
  }
  const held = id;
  // A Redis that was emptied is claimed again.
  const isHeld = async (): Promise<boolean> => (await claimForWarehouse(client, held)) === held;
  return { id, adopted, isHeld };
}

/** The IDs that the warehouse bears, at least one. */
async function ownIds(engine: WarehouseEngine): Promise<readonly string[]> {
  const ids = await readWarehouseIds(engine);
  if (ids.length > 0) return ids;
  await addWarehouseId(engine, randomUUID());
  return readWarehouseIds(engine);
}

/** Each step may be done again: a start that dies half-way begins anew. @returns what it means */
async function adopt(
  client: RedisClient,
  engine: WarehouseEngine,
  partitions: number,
  adoption: Adoption,
): Promise<string> {
  const [id = ""] = await ownIds(engine);
  const blocks = await readLoadedBlocks(client, partitions);
  await moveToWarehouse(client, id);
  if (adoption === "reload") await loadFromBeginning(client, partitions);
  await storeAdoption(engine, undefined);
  return adoption === "reload"
    ? `this warehouse is loaded from now on, again with what Redis still holds: ${heldText(blocks)}`
    : "this warehouse is loaded from now on; what was loaded into another one before is missing here";
}

function mismatch(isEmpty: boolean, blocks: LoadedBlocks): WarehouseError {
  const which = isEmpty ? "this warehouse is empty, and" : "this is not the warehouse that";
  return new WarehouseError(
    "warehouse_mismatch",
    `${which} the platform in this Redis was loaded into${isEmpty ? " another one" : ""}: open that one, or take this one with \`tributary warehouse adopt\`, which lacks what was loaded there; \`--reload\` loads again what Redis still holds: ${heldText(blocks)}`,
  );
}

function heldText({ facts, results }: LoadedBlocks): string {
  const text = (what: string, { held, written, oldestMs }: BlocksHeld): string => {
    const since = oldestMs === undefined ? "" : ` (from ${new Date(oldestMs).toISOString()} on)`;
    return `${held} of ${written} blocks of ${what}${since}`;
  };
  return `${text("facts", facts)}, ${text("results", results)}`;
}

import type { WarehouseEngine } from "./engine.ts";
import { WarehouseError } from "../errors.ts";
import { DATABASE } from "./database.ts";
import { MIGRATIONS, MIGRATIONS_TABLE, type Migration } from "./schema.ts";

const CREATE_MIGRATIONS = `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE} (
  number UInt32,
  name String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY number`;

/**
 * Brings the database to this version's schema: each migration is applied once and then recorded.
 * @returns the numbers of the migrations applied now
 * @throws WarehouseError `schema_newer` where the database has migrations that this version does not know
 */
export async function migrate(
  engine: WarehouseEngine,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number[]> {
  await engine.command(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  await engine.command(CREATE_MIGRATIONS);
  const rows = await engine.query<{ number: number }>(
    `SELECT number FROM ${MIGRATIONS_TABLE} FINAL ORDER BY number`,
  );
  const applied = new Set(rows.map((row) => row.number));
  const known = migrations.length;
  const newest = Math.max(0, ...applied);
  if (newest > known) {
    throw new WarehouseError(
      "schema_newer",
      `the warehouse has migration ${newest}, this version knows ${known}: start the newer version`,
    );
  }
  const now: number[] = [];
  for (const migration of migrations) {
    if (applied.has(migration.number)) continue;
    for (const statement of migration.statements) await engine.command(statement);
    await engine.command(
      `INSERT INTO ${MIGRATIONS_TABLE} (number, name) VALUES (${migration.number}, '${migration.name}')`,
    );
    now.push(migration.number);
  }
  return now;
}

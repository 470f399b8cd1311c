/** What people bring in files: spend and rates, and the ledger of imports. The tables themselves are in {@link MIGRATIONS}. */
import { DATABASE } from "./database.ts";

export const SPEND_TABLE = `${DATABASE}.spend`;
export const RATES_TABLE = `${DATABASE}.rates`;
export const IMPORTS_TABLE = `${DATABASE}.imports`;
export const IMPORT_ROWS_TABLE = `${DATABASE}.import_rows`;
export const IMPORT_LOOKUPS_TABLE = `${DATABASE}.import_lookups`;

/** What the gateway has accepted or the warehouse has stored must be known after a power failure as well. */
const SYNCED = "fsync_after_insert = 1, fsync_part_directory = 1";

/** Imports of files; of several rows of one the last is valid. */
const IMPORTS = `CREATE TABLE IF NOT EXISTS ${IMPORTS_TABLE} (
  tenant LowCardinality(String),
  import_id String COMMENT 'a random UUID',
  kind LowCardinality(String) COMMENT 'events, spend, rates',
  state LowCardinality(String) COMMENT 'begun, done, undone',
  file String COMMENT 'its name, without folders',
  header String COMMENT 'digest of the names of its columns',
  mapping String COMMENT 'JSON',
  begun_at DateTime64(3, 'UTC'),
  changed_at DateTime64(6, 'UTC') COMMENT 'of several rows the last is valid',
  rows UInt64 COMMENT 'of the file',
  new_rows UInt64,
  present_rows UInt64 COMMENT 'that were there before, or come twice in the file',
  differing_rows UInt64 COMMENT 'that were there before with other values',
  refused_rows UInt64
) ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (tenant, import_id)
SETTINGS ${SYNCED}`;

/** Rows of events that imports have brought: what makes each itself, and no text of it. */
const IMPORT_ROWS = `CREATE TABLE IF NOT EXISTS ${IMPORT_ROWS_TABLE} (
  tenant LowCardinality(String),
  row FixedString(16) COMMENT 'first 128 bits of the SHA-256 of what makes the row itself',
  content UInt64 COMMENT 'first 64 bits of the SHA-256 of all of the row',
  import_id LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, row)
SETTINGS ${SYNCED}`;

/** Rows that an import asks about: each lookup is a partition, which is dropped after its answer. */
const IMPORT_LOOKUPS = `CREATE TABLE IF NOT EXISTS ${IMPORT_LOOKUPS_TABLE} (
  lookup String COMMENT 'a random UUID',
  place UInt32 COMMENT 'of the row among those asked about',
  row FixedString(16),
  content UInt64,
  asked_at DateTime DEFAULT now()
) ENGINE = MergeTree
PARTITION BY lookup
ORDER BY row
TTL asked_at + INTERVAL 1 DAY`;

/** A row of an import stays beside those of other imports, so that an import can be undone. */
const IMPORT_ID =
  "ADD COLUMN IF NOT EXISTS import_id String COMMENT 'empty where it came without an import'";

/** Statements of the migration that brings the ledger. */
export const IMPORT_STATEMENTS: readonly string[] = [
  IMPORTS,
  IMPORT_ROWS,
  IMPORT_LOOKUPS,
  `ALTER TABLE ${SPEND_TABLE} ${IMPORT_ID}, MODIFY ORDER BY (tenant, day, source, medium, campaign, term, content, channel, import_id)`,
  `ALTER TABLE ${RATES_TABLE} ${IMPORT_ID}, MODIFY ORDER BY (tenant, target, currency, day, import_id)`,
];

/**
 * The warehouse's tables, as numbered migrations. A released migration is never edited: a change is a new one. Statements allow
 * a migration that was cut short to run again.
 *
 * Every table is a ReplacingMergeTree over the columns that identify a row, and queries read it with FINAL: loading a block a second
 * time changes nothing. A conversion's result is one row with touchpoints and credits in arrays: it is loaded as a whole or not at
 * all, and reports need no join. `credits` shows a row a credit.
 */
import { DATABASE } from "./database.ts";
import { IMPORT_STATEMENTS, RATES_TABLE, SPEND_TABLE } from "./import-schema.ts";
import { originColumns } from "./origin-columns.ts";

/** One step of the schema. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

export const EVENTS_TABLE = `${DATABASE}.events`;
export const ATTRIBUTIONS_TABLE = `${DATABASE}.attributions`;
export const CONVERSIONS_VIEW = `${DATABASE}.conversions`;
export const CREDITS_VIEW = `${DATABASE}.credits`;
export const IDENTITIES_TABLE = `${DATABASE}.identities`;
export const ERASURES_TABLE = `${DATABASE}.erasures`;
export const ERASING_TABLE = `${DATABASE}.erasing`;
export const WAREHOUSE_TABLE = `${DATABASE}.warehouse`;
export const MIGRATIONS_TABLE = `${DATABASE}.migrations`;

/**
 * The log may be trimmed once rows are acknowledged, so rows must survive a power failure. It costs 4 ms an insert of any size.
 */
const SYNCED = "fsync_after_insert = 1, fsync_part_directory = 1";

/** Facts, a row an event and user key. The order reads a user's path in its order. */
const EVENTS = `CREATE TABLE IF NOT EXISTS ${EVENTS_TABLE} (
  tenant LowCardinality(String),
  event_id String COMMENT 'unique within a tenant',
  type LowCardinality(String) COMMENT 'impression, click, visit, conversion, custom, identify, refund',
  time DateTime64(3, 'UTC') COMMENT 'event time',
  user_key String COMMENT 'userId, else anonymousId',
  is_anonymous Bool COMMENT 'user_key is an anonymousId',
  source LowCardinality(String),
  medium LowCardinality(String),
  campaign LowCardinality(String),
  term LowCardinality(String),
  content LowCardinality(String),
  channel LowCardinality(String),
  name String,
  value Nullable(Decimal(38, 12)),
  currency LowCardinality(String),
  order_id String,
  anonymous_id String COMMENT 'of an event that has both identities',
  referrer String,
  url String,
  properties String COMMENT 'JSON, empty where there are none',
  partition UInt16,
  position String COMMENT 'entry ID of the fact block'
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, user_key, is_anonymous, time, event_id)
SETTINGS ${SYNCED}`;

const CONVERSIONS = `CREATE VIEW IF NOT EXISTS ${CONVERSIONS_VIEW} AS
SELECT * FROM ${EVENTS_TABLE} FINAL WHERE type = 'conversion'`;

/**
 * Results: a row a conversion and revision. All revisions stay; the highest is the valid one. A conversion is one by its
 * tenant, its event ID, and the user key that it was sent under: migration 7 adds that key. Rows are wide (1.3 KB for five
 * touchpoints), hence the small granules: a look-up reads a whole one.
 */
const ATTRIBUTIONS = `CREATE TABLE IF NOT EXISTS ${ATTRIBUTIONS_TABLE} (
  tenant LowCardinality(String),
  conversion_id String COMMENT 'event ID of the conversion',
  revision UInt32 COMMENT 'from 0; the highest is valid',
  reason LowCardinality(String) COMMENT 'first, late_touchpoint, refund, merge',
  user_key String,
  is_anonymous Bool,
  conversion_time DateTime64(3, 'UTC'),
  name String,
  value Decimal(38, 12) COMMENT 'net of refunds; 0 where the conversion has none',
  currency LowCardinality(String) COMMENT 'ISO 4217, empty where there is none',
  order_id String,
  touches UInt32,
  touch_id Array(String) COMMENT 'touchpoints in path order',
  touch_type Array(LowCardinality(String)),
  touch_time Array(DateTime64(3, 'UTC')),
  touch_channel Array(LowCardinality(String)),
  touch_source Array(LowCardinality(String)),
  touch_medium Array(LowCardinality(String)),
  touch_campaign Array(LowCardinality(String)),
  touch_term Array(LowCardinality(String)),
  touch_content Array(LowCardinality(String)),
  credit_model Array(LowCardinality(String)) COMMENT 'a credit a model and touchpoint, none that is zero',
  credit_touch Array(UInt32) COMMENT 'from 1; 0 for a conversion without touchpoints',
  credit_share Array(Decimal(18, 12)) COMMENT 'sums to exactly 1 a model',
  credit_value Array(Decimal(38, 12)) COMMENT 'sums to exactly the value a model',
  partition UInt16,
  position String COMMENT 'entry ID of the result block',
  attributed_at DateTime64(3, 'UTC') COMMENT 'time of that entry ID',
  INDEX order_id_bloom order_id TYPE bloom_filter GRANULARITY 1
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, conversion_id, revision)
SETTINGS ${SYNCED}, index_granularity = 1024`;

/** A dimension of a credit's touchpoint. */
const creditDimension = (name: string): string =>
  `if(touch_index = 0, ${name === "channel" ? "'unattributed'" : "'(none)'"}, touch_${name}[touch_index]) AS ${name}`;

/** Credits of every revision; a join on the valid one gives the valid credits. */
const creditsView = (create: string, conversion: string): string => `${create} ${CREDITS_VIEW} AS
SELECT tenant, ${conversion}, revision, model, touch_index,
  touch_id[touch_index] AS touchpoint_id,
  touch_type[touch_index] AS touchpoint_type,
  touch_time[touch_index] AS touchpoint_time,
  ${["channel", "source", "medium", "campaign", "term", "content"].map(creditDimension).join(",\n  ")},
  credit, credited_value, currency, conversion_time
FROM ${ATTRIBUTIONS_TABLE} FINAL
ARRAY JOIN credit_model AS model, credit_touch AS touch_index, credit_share AS credit, credit_value AS credited_value`;

/**
 * Loads make parts of up to 32 MB. Wide parts (a file a column, each synced), merged five at a time, cost 1.7 µs of CPU a row with
 * their merges; compact parts, merged ten at a time, cost 0.96 µs.
 */
const CHEAP_LOADS = "min_bytes_for_wide_part = 100000000, merge_selector_base = 10";

/** Spend that people import; of several imports of a row the last is valid. */
const SPEND = `CREATE TABLE IF NOT EXISTS ${SPEND_TABLE} (
  tenant LowCardinality(String),
  day Date,
  source LowCardinality(String),
  medium LowCardinality(String),
  campaign LowCardinality(String),
  term LowCardinality(String),
  content LowCardinality(String),
  channel LowCardinality(String),
  currency LowCardinality(String) COMMENT 'ISO 4217',
  amount Decimal(38, 12),
  imported_at DateTime64(3, 'UTC') COMMENT 'of several imports the last is valid'
) ENGINE = ReplacingMergeTree(imported_at)
ORDER BY (tenant, day, source, medium, campaign, term, content, channel)
SETTINGS ${SYNCED}`;

const RATES = `CREATE TABLE IF NOT EXISTS ${RATES_TABLE} (
  tenant LowCardinality(String),
  day Date COMMENT 'from then on',
  currency LowCardinality(String) COMMENT 'ISO 4217',
  target LowCardinality(String) COMMENT 'ISO 4217',
  rate Decimal(38, 12) COMMENT 'what one of currency is worth in target',
  imported_at DateTime64(3, 'UTC') COMMENT 'of several imports the last is valid'
) ENGINE = ReplacingMergeTree(imported_at)
ORDER BY (tenant, target, currency, day)
SETTINGS ${SYNCED}`;

/**
 * Decisions about which user an anonymous ID belongs to: the one of the highest generation is valid. A decision that is logged
 * again keeps its first time.
 */
const IDENTITIES = `CREATE TABLE IF NOT EXISTS ${IDENTITIES_TABLE} (
  tenant LowCardinality(String),
  anonymous_id String,
  generation UInt64,
  user_id String COMMENT 'empty where it is nobody else''s',
  linked_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'time of the earliest event with both',
  decided_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'time of the entry ID of the fact block',
  partition UInt16,
  position SimpleAggregateFunction(min, String) COMMENT 'entry ID of the fact block'
) ENGINE = AggregatingMergeTree
ORDER BY (tenant, anonymous_id, generation, user_id, partition)
SETTINGS ${SYNCED}`;

/**
 * Receipts of erasures, which name nobody: a row for the request, and one for each erased key with its number of rows. A count that
 * is repeated when some rows are already erased is smaller, so the largest is valid.
 */
const ERASURES = `CREATE TABLE IF NOT EXISTS ${ERASURES_TABLE} (
  tenant LowCardinality(String),
  receipt String COMMENT 'a random UUID',
  partition UInt16,
  position String COMMENT 'entry ID of the fact block that says it; empty of what was asked',
  ordinal UInt32 COMMENT 'which of the block it is',
  asked_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  erased_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'when all of it was gone',
  events SimpleAggregateFunction(max, UInt64) COMMENT 'rows of events',
  conversions SimpleAggregateFunction(max, UInt64) COMMENT 'those of them that were conversions',
  touchpoints SimpleAggregateFunction(max, UInt64) COMMENT 'those of them that were touchpoints',
  newest_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'event time of the newest of them: workers had seen it'
) ENGINE = AggregatingMergeTree
ORDER BY (tenant, receipt, partition, position, ordinal)
SETTINGS ${SYNCED}`;

/** Keys whose rows are to be erased: loaded like facts, and erased last. */
const ERASING = `CREATE TABLE IF NOT EXISTS ${ERASING_TABLE} (
  tenant LowCardinality(String),
  receipt String,
  partition UInt16,
  position String COMMENT 'entry ID of the fact block: the facts before it go',
  ordinal UInt32 COMMENT 'which of the block it is',
  events_position String COMMENT 'of its commit: results of commits before it go',
  user_key String,
  is_anonymous Bool,
  generation UInt64 COMMENT 'of an anonymousId: decisions of generations below go',
  owner String COMMENT 'userId of whom an anonymousId was erased with; empty where it was asked for itself',
  is_theirs Bool COMMENT 'false where the anonymousId was somebody else''s by then'
) ENGINE = ReplacingMergeTree
ORDER BY (receipt, partition, position, ordinal)
SETTINGS ${SYNCED}`;

/** What the warehouse says of itself: see warehouse-id.ts. */
const WAREHOUSE = `CREATE TABLE IF NOT EXISTS ${WAREHOUSE_TABLE} (
  name String,
  value String,
  written_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'of several values the last is valid'
) ENGINE = ReplacingMergeTree(written_at)
ORDER BY name
SETTINGS ${SYNCED}`;

/** Conversions of anonymous IDs, each with whom it was decided to belong to. */
const ANONYMOUS_CONVERSIONS = `SELECT sent.tenant AS tenant, sent.event_id AS conversion_id, sent.user_key AS anonymous_id,
  identity.user_id AS user_key, identity.generation AS generation
FROM (SELECT tenant, event_id, user_key FROM ${EVENTS_TABLE} WHERE type = 'conversion' AND is_anonymous) AS sent
INNER JOIN (SELECT tenant, anonymous_id, user_id, generation FROM ${IDENTITIES_TABLE} WHERE user_id != '') AS identity
  ON identity.tenant = sent.tenant AND identity.anonymous_id = sent.user_key`;

/**
 * Results loaded before migration 7, with the user key that each conversion was sent under: its user's, or where an owner's
 * generation says that it belongs to its user by a link, that of the anonymous ID that has the conversion among its facts.
 */
const RESULTS_WITH_SENDERS = `INSERT INTO ${ATTRIBUTIONS_TABLE}
SELECT * EXCEPT (anonymous_id) REPLACE (
  if(anonymous_id = '', user_key, anonymous_id) AS sent_user_key, CAST(anonymous_id != '' OR is_anonymous AS Bool) AS sent_anonymous
) FROM (
  SELECT result.*, if(result.generation = 0 OR result.is_anonymous, '', sender.anonymous_id) AS anonymous_id
  FROM (SELECT * FROM ${ATTRIBUTIONS_TABLE} WHERE sent_user_key = '') AS result
  LEFT ANY JOIN (${ANONYMOUS_CONVERSIONS}) AS sender
    ON sender.tenant = result.tenant AND sender.conversion_id = result.conversion_id
      AND sender.user_key = result.user_key AND sender.generation = result.generation
)`;

export const MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: "events and attributions",
    statements: [
      EVENTS,
      CONVERSIONS,
      ATTRIBUTIONS,
      creditsView("CREATE VIEW IF NOT EXISTS", "conversion_id"),
    ],
  },
  {
    number: 2,
    name: "cheaper loads",
    statements: [EVENTS_TABLE, ATTRIBUTIONS_TABLE].map(
      (table) => `ALTER TABLE ${table} MODIFY SETTING ${CHEAP_LOADS}`,
    ),
  },
  {
    number: 3,
    name: "traces of results",
    statements: [
      `ALTER TABLE ${ATTRIBUTIONS_TABLE} ADD COLUMN IF NOT EXISTS trace_id LowCardinality(String) COMMENT 'of the batch, empty where it was not sampled'`,
    ],
  },
  { number: 4, name: "spend and rates", statements: [SPEND, RATES] },
  {
    number: 5,
    name: "identities",
    statements: [
      IDENTITIES,
      `ALTER TABLE ${ATTRIBUTIONS_TABLE} ADD COLUMN IF NOT EXISTS generation UInt64 COMMENT 'of the owner: results of a higher one are valid, however high their revision', MODIFY ORDER BY (tenant, conversion_id, revision, generation)`,
    ],
  },
  {
    number: 6,
    name: "erasures",
    statements: [
      ERASURES,
      ERASING,
      `ALTER TABLE ${ATTRIBUTIONS_TABLE} ADD COLUMN IF NOT EXISTS events_position String COMMENT 'of its commit: ID of the last entry of the events that it is of; empty where it was loaded before there were erasures'`,
    ],
  },
  {
    number: 7,
    name: "conversions by sender",
    statements: [
      `ALTER TABLE ${ATTRIBUTIONS_TABLE}
  ADD COLUMN IF NOT EXISTS sent_user_key String COMMENT 'user key that the conversion was sent under: one of an ID under another is another conversion',
  ADD COLUMN IF NOT EXISTS sent_anonymous Bool COMMENT 'sent_user_key is an anonymousId',
  MODIFY ORDER BY (tenant, conversion_id, revision, generation, sent_user_key, sent_anonymous)`,
      RESULTS_WITH_SENDERS,
      `ALTER TABLE ${ATTRIBUTIONS_TABLE} DELETE WHERE sent_user_key = '' SETTINGS mutations_sync = 2`,
      creditsView("CREATE OR REPLACE VIEW", "conversion_id, sent_user_key, sent_anonymous"),
    ],
  },
  { number: 8, name: "ID of the warehouse", statements: [WAREHOUSE] },
  { number: 9, name: "imports", statements: IMPORT_STATEMENTS },
  { number: 10, name: "origins of touchpoints", statements: [originColumns(EVENTS_TABLE)] },
];

import type { Names } from "@tributary/attribution";
import { CONVERSION_KEY, isCountedSql, validAttributions } from "../query/attribution-sql.ts";
import type { WarehouseEngine } from "../engine/engine.ts";
import { factsOfPeople } from "../query/identity-sql.ts";
import { namesParameters } from "../query/names-sql.ts";
import {
  ATTRIBUTIONS_TABLE,
  ERASURES_TABLE,
  EVENTS_TABLE,
  IDENTITIES_TABLE,
} from "../engine/schema.ts";

/** A fact of a user who has a conversion, as stored. */
export interface AuditFact {
  readonly user_key: string;
  readonly is_anonymous: boolean;
  readonly event_id: string;
  readonly type: "impression" | "click" | "visit" | "conversion" | "refund";
  /** ms since 1970, as text. */
  readonly time_ms: string;
  readonly channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly referrer: string;
  readonly url: string;
  /** Decimal text; null where there is none. */
  readonly value: string | null;
  readonly currency: string;
  readonly order_id: string;
  readonly partition: number;
  /** Entry ID of its block. */
  readonly position: string;
}

/** A conversion's valid result, as stored. */
export interface AuditResult {
  readonly user_key: string;
  readonly is_anonymous: boolean;
  readonly conversion_id: string;
  readonly value: string;
  readonly touch_id: readonly string[];
  readonly touch_channel: readonly string[];
  readonly credit_model: readonly string[];
  readonly credit_touch: readonly number[];
  readonly credit_share: readonly string[];
  readonly credit_value: readonly string[];
}

/** Facts of a slice, about. */
const SLICE_FACTS = 50_000;

/** A share of a tenant's users, by a hash of their key. */
export interface AuditSlice {
  readonly tenant: string;
  readonly slice: number;
  readonly slices: number;
  /** The tenant's, where it has its own. */
  readonly names?: Names | undefined;
}

const IN_SLICE = "cityHash64(user_key, is_anonymous) % {slices:UInt32} = {slice:UInt32}";

/** How many slices divide a tenant's users so that one fits memory. */
export async function countAuditSlices(engine: WarehouseEngine, tenant: string): Promise<number> {
  const [row] = await engine.query<{ facts: string }>(
    `SELECT count() AS facts FROM ${EVENTS_TABLE} WHERE tenant = {tenant:String}`,
    { tenant },
  );
  return Math.max(1, Math.ceil(Number(row?.facts ?? 0) / SLICE_FACTS));
}

/** Counts each tenant's conversions among its facts; one that was loaded twice may count twice. */
export async function countConversions(
  engine: WarehouseEngine,
): Promise<readonly { readonly tenant: string; readonly conversions: number }[]> {
  const rows = await engine.query<{ tenant: string; conversions: string }>(
    `SELECT tenant, count() AS conversions FROM ${EVENTS_TABLE} WHERE type = 'conversion' GROUP BY tenant ORDER BY tenant`,
  );
  return rows.map(({ tenant, conversions }) => ({ tenant, conversions: Number(conversions) }));
}

/** Reads touchpoints, conversions and refunds of the slice's users who have a conversion. */
export async function readAuditFacts(
  engine: WarehouseEngine,
  { tenant, slice, slices, names }: AuditSlice,
): Promise<readonly AuditFact[]> {
  const { exact, fast } = await factsOfPeople(engine, { tenant, names });
  return engine.query<AuditFact>(
    `SELECT user_key, is_anonymous, event_id, type, toString(toUnixTimestamp64Milli(time)) AS time_ms,
  channel, source, medium, campaign, referrer, url, value, currency, order_id, partition, position
FROM ${exact}
WHERE tenant = {tenant:String} AND ${IN_SLICE}
  AND type IN ('impression', 'click', 'visit', 'conversion', 'refund')
  AND (user_key, is_anonymous) IN (
    SELECT user_key, is_anonymous FROM ${fast}
    WHERE tenant = {tenant:String} AND ${IN_SLICE} AND type = 'conversion'
  )`,
    { ...namesParameters(names), tenant, slice, slices },
  );
}

/** Reads all refunds of the orders that the slice's users have, whoever sent them. */
export async function readAuditRefunds(
  engine: WarehouseEngine,
  { tenant, slice, slices }: AuditSlice,
): Promise<readonly AuditFact[]> {
  const { exact, fast } = await factsOfPeople(engine, { tenant });
  return engine.query<AuditFact>(
    `SELECT user_key, is_anonymous, event_id, type, toString(toUnixTimestamp64Milli(time)) AS time_ms,
  channel, value, currency, order_id, partition, position
FROM ${exact}
WHERE tenant = {tenant:String} AND type = 'refund' AND order_id != '' AND order_id IN (
  SELECT order_id FROM ${fast} WHERE tenant = {tenant:String} AND ${IN_SLICE} AND type = 'conversion'
)`,
    { tenant, slice, slices },
  );
}

/** Reads the valid results of the slice's users. */
export async function readAuditResults(
  engine: WarehouseEngine,
  { tenant, slice, slices, names }: AuditSlice,
): Promise<readonly AuditResult[]> {
  return engine.query<AuditResult>(
    `SELECT user_key, is_anonymous, conversion_id, value, touch_id, touch_channel, credit_model, credit_touch,
  credit_share, credit_value
FROM ${validAttributions(IN_SLICE, false, names)}`,
    { ...namesParameters(names), tenant, slice, slices },
  );
}

/** An order of which not exactly one conversion counts. */
export interface AuditOrder {
  readonly order_id: string;
  readonly name: string;
  /** How many count. */
  readonly counted: string;
  /** The first of them, or of those that do not count. */
  readonly conversion_id: string;
  readonly user_key: string;
}

/** Orders that are described. */
const MAX_ORDERS = 1000;

/**
 * Reads the orders of a tenant of which not exactly one conversion counts: by their valid results, which is another way than the
 * workers'. Conversions further apart than orders are remembered may rightly count both. Where people were erased, the conversion that
 * counted may be gone; and where an event ID counts in a conversion's place, that decides.
 * @param horizonMs event time for which facts are held, ms @param isErased whether people were erased
 */
export async function readAuditOrders(
  engine: WarehouseEngine,
  tenant: string,
  horizonMs: number,
  isErased: boolean,
): Promise<readonly AuditOrder[]> {
  const last = "argMax(reason, (generation, attributed_at, revision))";
  return engine.query<AuditOrder>(
    `SELECT ofOrder AS order_id, goal AS name, toString(countIf(counts)) AS counted,
  argMin(id, (NOT counts, id)) AS conversion_id, argMin(owner, (NOT counts, id)) AS user_key
FROM (
  SELECT conversion_id AS id, any(order_id) AS ofOrder, any(name) AS goal, any(conversion_time) AS at,
    ${isCountedSql(last)} AS counts, ${last} = 'duplicate' AS twice, argMax(user_key, (generation, attributed_at, revision)) AS owner
  FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = {tenant:String} AND order_id != '' GROUP BY ${CONVERSION_KEY}
)
GROUP BY ofOrder, goal
HAVING (countIf(counts) > 1 AND dateDiff('millisecond', min(at), max(at)) <= {horizon:Int64})
  OR (countIf(counts) = 0 AND countIf(twice) = 0 AND {erased:UInt8} = 0)
ORDER BY ofOrder, goal LIMIT ${MAX_ORDERS}`,
    { tenant, horizon: horizonMs, erased: isErased ? 1 : 0 },
  );
}

/** The last decision about an anonymous ID that is, or was, linked to a user. */
export interface AuditDecision {
  /** A row for the user's key, and one for the anonymous ID itself. */
  readonly user_key: string;
  readonly is_anonymous: boolean;
  readonly partition: number;
  /** Entry ID of its block. */
  readonly position: string;
}

/** Reads the last decision about each anonymous ID of the slice's users. */
export async function readAuditDecisions(
  engine: WarehouseEngine,
  { tenant, slice, slices }: AuditSlice,
): Promise<readonly AuditDecision[]> {
  return engine.query<AuditDecision>(
    `SELECT tupleElement(key, 1) AS user_key, tupleElement(key, 2) AS is_anonymous, partition, position FROM (
  SELECT arrayJoin(arrayConcat(
      [(anonymous_id, CAST(1 AS Bool))],
      arrayMap(user -> (user, CAST(0 AS Bool)), arrayFilter(user -> user != '', groupUniqArray(user_id)))
    )) AS key, argMax(partition, generation) AS partition, argMax(position, generation) AS position
  FROM ${IDENTITIES_TABLE} WHERE tenant = {tenant:String} GROUP BY anonymous_id
) WHERE ${IN_SLICE}`,
    { tenant, slice, slices },
  );
}

/**
 * A tenant's watermark in a partition when a fact came, ms since 1970: the largest min(event time, arrival) of its facts. The
 * commit stands for the arrival, which is no later, so that this is no lower than the worker's watermark. Events of people
 * who were erased since are counted. @param position entry ID of the fact's block
 */
export async function watermarkBefore(
  engine: WarehouseEngine,
  tenant: string,
  partition: number,
  position: string,
): Promise<number> {
  const [row] = await engine.query<{ ms: string }>(
    `SELECT toString(toUnixTimestamp64Milli(greatest(max(least(
  time, fromUnixTimestamp64Milli(toInt64(splitByChar('-', position)[1]), 'UTC'))), (
  SELECT max(newest_at) FROM ${ERASURES_TABLE} WHERE tenant = {tenant:String} AND partition = {partition:UInt16}
)))) AS ms FROM ${EVENTS_TABLE}
WHERE tenant = {tenant:String} AND partition = {partition:UInt16}
  AND (toUInt64(splitByChar('-', position)[1]), toUInt64(splitByChar('-', position)[2]))
    < ({ms:UInt64}, {sequence:UInt64})`,
    {
      tenant,
      partition,
      ms: Number(position.split("-")[0]),
      sequence: Number(position.split("-")[1] ?? 0),
    },
  );
  return Number(row?.ms ?? 0);
}

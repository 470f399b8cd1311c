import {
  DIMENSION_FIELDS,
  formatDecimal,
  WITHDRAWN_REASONS,
  type DimensionField,
} from "@tributary/protocol";
import { CONVERSION_KEY, decimalUnits, isCountedSql } from "./attribution-sql.ts";
import type { WarehouseEngine } from "../engine/engine.ts";
import { ATTRIBUTIONS_TABLE } from "../engine/schema.ts";

/** A touchpoint on a conversion's path. */
export interface ConversionTouch extends Readonly<Record<DimensionField, string>> {
  /** Place on the path, from 1. */
  readonly index: number;
  readonly id: string;
  readonly type: string;
  /** ms since 1970. */
  readonly time: number;
}

/** A model's credit for a touchpoint. */
export interface ConversionCredit {
  readonly model: string;
  /** The touchpoint's index; 0 without touchpoints. */
  readonly touch: number;
  /** Share of the conversion, exact decimal text. */
  readonly credit: string;
  /** Share of its value, exact decimal text. */
  readonly value: string;
}

/** A revision in a conversion's history. */
export interface ConversionRevision {
  readonly revision: number;
  readonly reason: string;
  /** Net value of the revision, exact decimal text. */
  readonly value: string;
  /** Touchpoints on the revision's path. */
  readonly touches: number;
  /** When the result was committed, ms since 1970 by the clock of Redis. */
  readonly attributedAt: number;
  /** Trace of the batch; "" where none of its requests was sampled. */
  readonly traceId: string;
}

/** The valid result of one conversion, and its history. */
export interface ConversionDetail {
  /** The time of the question, ms since 1970: the result was valid then. */
  readonly asOf?: number;
  readonly id: string;
  /** The user key that it was sent under. */
  readonly sentUserKey: string;
  readonly sentAnonymous: boolean;
  readonly orderId: string;
  readonly name: string;
  /** ms since 1970. */
  readonly time: number;
  readonly userKey: string;
  readonly anonymous: boolean;
  /** Net of refunds, exact decimal text. */
  readonly value: string;
  readonly currency: string;
  readonly revision: number;
  readonly reason: string;
  readonly attributedAt: number;
  readonly touchpoints: readonly ConversionTouch[];
  readonly credits: readonly ConversionCredit[];
  /** All revisions in their order, also those that came after `asOf`. */
  readonly revisions: readonly ConversionRevision[];
  /** Of a duplicate order: the conversion that counts for the order; left out where that was erased. */
  readonly countedInstead?: Pick<ConversionDetail, "id" | "sentUserKey" | "sentAnonymous">;
}

interface OrderRow {
  readonly conversion_id: string;
  readonly sent_user_key: string;
  readonly sent_anonymous: boolean;
  readonly counts: number;
}

interface DetailRow {
  readonly conversion_id: string;
  readonly sent_user_key: string;
  readonly sent_anonymous: boolean;
  readonly order_id: string;
  readonly name: string;
  readonly time_ms: string;
  readonly user_key: string;
  readonly is_anonymous: boolean;
  readonly value: string;
  readonly currency: string;
  readonly revision: number;
  /** Generation of the conversion's owner. */
  readonly owner: string;
  readonly reason: string;
  readonly attributed_ms: string;
  readonly trace_id: string;
  readonly touches_list: readonly (readonly [string, string, string, ...string[]])[];
  readonly credits_list: readonly (readonly [string, number, string, string])[];
}

const TOUCH_COLUMNS = DIMENSION_FIELDS.map((field) => `touch_${field}`).join(", ");

/** Conversions of one ID that are shown at most. */
const MAX_OF_ONE_ID = 10;

/** LIMIT BY instead of FINAL, which would read the wide columns of whole granules: 250 ms. */
const DETAIL_SQL = `SELECT ${CONVERSION_KEY}, order_id, name, toUnixTimestamp64Milli(conversion_time) AS time_ms,
  user_key, is_anonymous, value, currency, revision, toString(generation) AS owner, reason,
  toUnixTimestamp64Milli(attributed_at) AS attributed_ms, trace_id,
  arrayZip(touch_id, touch_type, arrayMap(t -> toString(toUnixTimestamp64Milli(t)), touch_time), ${TOUCH_COLUMNS}) AS touches_list,
  arrayZip(credit_model, credit_touch, credit_share, credit_value) AS credits_list
FROM ${ATTRIBUTIONS_TABLE}
WHERE tenant = {tenant:String} AND conversion_id = {id:String} AND (sent_anonymous, sent_user_key) IN (
  SELECT DISTINCT sent_anonymous, sent_user_key FROM ${ATTRIBUTIONS_TABLE}
  WHERE tenant = {tenant:String} AND conversion_id = {id:String}
  ORDER BY sent_anonymous, sent_user_key LIMIT ${MAX_OF_ONE_ID}
)
ORDER BY sent_anonymous, sent_user_key, attributed_at DESC, generation DESC, revision DESC
LIMIT 1 BY revision, generation, sent_user_key, sent_anonymous`;

/** The conversions of an order, those that count first, then the last. Apart from the search by ID, because each has its own index. */
const FIND_ORDER_SQL = `SELECT ${CONVERSION_KEY}, ${isCountedSql("last")} AS counts FROM (
  SELECT ${CONVERSION_KEY}, any(conversion_time) AS time, argMax(reason, (generation, attributed_at, revision)) AS last
  FROM ${ATTRIBUTIONS_TABLE}
  WHERE tenant = {tenant:String} AND order_id = {order:String}
    AND attributed_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC') AND ({any_name:UInt8} = 1 OR name = {name:String})
  GROUP BY ${CONVERSION_KEY}
)
ORDER BY counts DESC, time DESC, conversion_id
LIMIT 1`;

/** Later than any result: 2100-01-01, ms since 1970. */
const END_OF_TIME = Date.UTC(2100, 0, 1);

/**
 * Finds the conversions of an event ID, else of the last conversion's event ID that has it as its order ID. One ID may have been
 * sent under several user keys: those that count come first, then duplicates.
 * @param asOf the results that were valid then, ms since 1970, instead of those that are
 * @returns at most 10; none where the tenant has neither, or had neither then
 * @throws WarehouseError as {@link WarehouseEngine.query}
 */
export async function findConversions(
  engine: WarehouseEngine,
  tenant: string,
  idOrOrderId: string,
  asOf?: number,
): Promise<readonly ConversionDetail[]> {
  if (idOrOrderId === "") return [];
  const byId = await readDetails(engine, tenant, idOrOrderId, asOf);
  if (byId.length > 0) return byId;
  const [found] = await readOrder(engine, tenant, idOrOrderId, undefined, asOf);
  return found === undefined ? [] : readDetails(engine, tenant, found.conversion_id, asOf);
}

/** @param name of the conversions; undefined for any */
async function readOrder(
  engine: WarehouseEngine,
  tenant: string,
  order: string,
  name: string | undefined,
  asOf: number | undefined,
): Promise<readonly OrderRow[]> {
  return engine.query<OrderRow>(FIND_ORDER_SQL, {
    tenant,
    order,
    as_of: asOf ?? END_OF_TIME,
    any_name: name === undefined ? 1 : 0,
    name: name ?? "",
  });
}

async function readDetails(
  engine: WarehouseEngine,
  tenant: string,
  id: string,
  asOf: number | undefined,
): Promise<readonly ConversionDetail[]> {
  const rows = await engine.query<DetailRow>(DETAIL_SQL, { tenant, id });
  const bySender = Map.groupBy(rows, (row) =>
    JSON.stringify([row.sent_anonymous, row.sent_user_key]),
  );
  const details = [...bySender.values()]
    .map((of) => detailAsOf(of, asOf))
    .filter((detail) => detail !== undefined)
    .toSorted((a, b) => Number(isDuplicate(a)) - Number(isDuplicate(b)));
  const explained: ConversionDetail[] = [];
  for (const detail of details) {
    explained.push({ ...detail, ...(await countedInstead(engine, tenant, detail, asOf)) });
  }
  return explained;
}

/** The conversion that counts where a detail's is a duplicate order. It may be none: the one that came first may have been erased. */
async function countedInstead(
  engine: WarehouseEngine,
  tenant: string,
  { reason, orderId, name }: ConversionDetail,
  asOf: number | undefined,
): Promise<Pick<ConversionDetail, "countedInstead">> {
  if (reason !== "duplicate_order") return {};
  const [first] = await readOrder(engine, tenant, orderId, name, asOf);
  if (first === undefined || !first.counts) return {};
  const { conversion_id: id, sent_user_key: sentUserKey, sent_anonymous: sentAnonymous } = first;
  return { countedInstead: { id, sentUserKey, sentAnonymous } };
}

function isDuplicate({ reason }: ConversionDetail): boolean {
  return WITHDRAWN_REASONS.some((withdrawn) => withdrawn === reason);
}

/** @param rows of one conversion, newest first */
function detailAsOf(
  rows: readonly DetailRow[],
  asOf: number | undefined,
): ConversionDetail | undefined {
  const valid = lastOf(rows.filter((row) => Number(row.attributed_ms) <= (asOf ?? END_OF_TIME)));
  const last = lastOf(rows);
  if (valid === undefined || last === undefined) return undefined;
  // Two kinds of results never were valid: a higher revision of the same generation, which a Redis node lost after it was loaded (see
  // validAttributions), and one that a former owner gave after the conversion had moved.
  const history = rows
    .toReversed()
    .filter(({ revision, owner }) => owner !== last.owner || revision <= last.revision)
    .filter((row, i, all) =>
      all.slice(0, i).every(({ owner }) => Number(owner) <= Number(row.owner)),
    );
  return { ...(asOf === undefined ? {} : { asOf }), ...detailOf(valid, history) };
}

/** The newest result of the highest generation. @param rows newest first */
function lastOf(rows: readonly DetailRow[]): DetailRow | undefined {
  const owner = Math.max(...rows.map((row) => Number(row.owner)));
  return rows.find((row) => Number(row.owner) === owner);
}

function detailOf(row: DetailRow, all: readonly DetailRow[]): ConversionDetail {
  const { conversion_id: id, sent_user_key: sentUserKey, sent_anonymous: sentAnonymous } = row;
  return {
    id,
    sentUserKey,
    sentAnonymous,
    orderId: row.order_id,
    name: row.name,
    time: Number(row.time_ms),
    userKey: row.user_key,
    anonymous: row.is_anonymous,
    value: formatDecimal(decimalUnits(row.value)),
    currency: row.currency,
    revision: row.revision,
    reason: row.reason,
    attributedAt: Number(row.attributed_ms),
    touchpoints: row.touches_list.map(([id, type, time, ...dimensions], i) => {
      const [source = "", medium = "", campaign = "", term = "", content = "", channel = ""] =
        dimensions;
      return {
        index: i + 1,
        id,
        type,
        time: Number(time),
        source,
        medium,
        campaign,
        term,
        content,
        channel,
      };
    }),
    credits: row.credits_list.map(([model, touch, credit, value]) => ({
      model,
      touch,
      credit: formatDecimal(decimalUnits(credit)),
      value: formatDecimal(decimalUnits(value)),
    })),
    revisions: all.map((of) => ({
      revision: of.revision,
      reason: of.reason,
      value: formatDecimal(decimalUnits(of.value)),
      touches: of.touches_list.length,
      attributedAt: Number(of.attributed_ms),
      traceId: of.trace_id,
    })),
  };
}

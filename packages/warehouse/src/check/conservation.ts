import type { SessionGap } from "@tributary/attribution";
import { ARRIVING_SQL, wentOnSql } from "../query/arrivals-sql.ts";
import { decimalUnits, duplicateOrdersSql, validAttributions } from "../query/attribution-sql.ts";
import type { WarehouseEngine } from "../engine/engine.ts";
import { type FactsSource, factsOfPeople } from "../query/identity-sql.ts";
import { EVENTS_TABLE } from "../engine/schema.ts";

/** Lookback and session gap of the results in question, ms. */
export interface ConservationWindows {
  readonly clickWindowMs: number;
  readonly viewWindowMs: number;
  readonly sessionGapMs: SessionGap;
}

/** Every fact of a tenant, in one class each. */
export interface FactClasses {
  /** Facts, of which those of one event ID and person count once. */
  readonly facts: number;
  /** Further facts of one event ID and person, sent under several user keys. */
  readonly twice: number;
  /** Conversions in the place of which another one of their order counts; not among the facts. */
  readonly duplicateOrders: number;
  readonly touchpoints: number;
  /** Touchpoints on the path of some conversion. */
  readonly credited: number;
  /** Touchpoints of users who have no conversion. */
  readonly withoutConversion: number;
  /** Touchpoints of users who have one, none of which lies in the touchpoint's window. */
  readonly outsideWindows: number;
  /** Visits that go on with an arrival, for every conversion in whose window they lie. */
  readonly wentOn: number;
  readonly conversions: number;
  readonly refunds: number;
  readonly identifies: number;
  readonly custom: number;
}

/** Conversions with a valid result. */
export interface ResultClasses {
  readonly attributed: number;
  readonly unattributed: number;
}

/** Amounts of one currency, in units of 10^-12. */
export interface MoneyClasses {
  readonly currency: string;
  /** Value of all conversions as sent. */
  readonly accepted: bigint;
  /** Value that refunds took back, computed from the facts. */
  readonly refunded: bigint;
  /** Net value that touchpoints were credited with. */
  readonly credited: bigint;
  /** Net value of conversions without a touchpoint. */
  readonly unattributed: bigint;
}

const TOUCH = "type IN ('impression', 'click', 'visit')";
const USER = "(user_key, is_anonymous)";

/**
 * Counts a tenant's facts by class. Each class has a condition of its own and none is the rest of the others: a fact that is in no
 * class or in two shows.
 * @throws WarehouseError as the engine's query
 */
export async function countFacts(
  engine: WarehouseEngine,
  tenant: string,
  windows: ConservationWindows,
): Promise<FactClasses> {
  const { exact, fast } = await factsOfPeople(engine, { tenant });
  const [stored] = await engine.query<{ count: string; repeated: string }>(
    `SELECT count() AS count,
  countIf(type = 'conversion' AND (is_anonymous, user_key, event_id) IN (${duplicateOrdersSql(undefined)})) AS repeated
FROM ${EVENTS_TABLE} FINAL WHERE tenant = {tenant:String}`,
    { tenant },
  );
  const [totals] = await engine.query<Record<keyof FactClasses, string>>(
    `SELECT count() AS facts, countIf(${TOUCH}) AS touchpoints, countIf(type = 'conversion') AS conversions,
  countIf(type = 'refund') AS refunds, countIf(type = 'identify') AS identifies, countIf(type = 'custom') AS custom,
  countIf(${TOUCH} AND ${USER} NOT IN (
    SELECT ${USER} FROM ${fast} WHERE tenant = {tenant:String} AND type = 'conversion'
  )) AS withoutConversion
FROM ${exact} WHERE tenant = {tenant:String}`,
    { tenant },
  );
  const [outside] = await engine.query<{ count: string }>(
    `SELECT countIf(NOT arrayExists(
    conversion -> conversion >= ms AND conversion - ms <= if(type = 'impression', {view:Int64}, {click:Int64}), conversions
  )) AS count
FROM (
  SELECT user_key, is_anonymous, type, toUnixTimestamp64Milli(time) AS ms
  FROM ${exact} WHERE tenant = {tenant:String} AND ${TOUCH}
) AS touch INNER JOIN (
  SELECT user_key, is_anonymous, groupArray(toUnixTimestamp64Milli(time)) AS conversions
  FROM ${exact} WHERE tenant = {tenant:String} AND type = 'conversion' GROUP BY user_key, is_anonymous
) AS purchase USING (user_key, is_anonymous)`,
    { tenant, view: windows.viewWindowMs, click: windows.clickWindowMs },
  );
  const [credited] = await engine.query<{ count: string }>(
    `SELECT uniqExact(user_key, is_anonymous, id) AS count FROM (
  SELECT user_key, is_anonymous, touch_id FROM ${validAttributions("", false)}
) ARRAY JOIN touch_id AS id`,
    { tenant },
  );
  const [wentOn] = await engine.query<{ count: string }>(wentOnCountSql(exact, windows), {
    tenant,
    click: windows.clickWindowMs,
  });
  const numbers = Object.fromEntries(
    Object.entries(totals ?? {}).map(([name, count]) => [name, Number(count)]),
  ) as unknown as Omit<
    FactClasses,
    "credited" | "outsideWindows" | "twice" | "duplicateOrders" | "wentOn"
  >;
  const duplicateOrders = Number(stored?.repeated ?? 0);
  return {
    ...numbers,
    twice: Number(stored?.count ?? 0) - numbers.facts - duplicateOrders,
    duplicateOrders,
    credited: Number(credited?.count ?? 0),
    outsideWindows: Number(outside?.count ?? 0),
    wentOn: Number(wentOn?.count ?? 0),
  };
}

/** SQL for the number of visits that go on with an arrival on each path which they could be on. */
function wentOnCountSql(facts: string, { sessionGapMs }: ConservationWindows): string {
  return `SELECT sum(length(arrayFilter(id -> NOT has(arrivals, id), gone))) AS count FROM (
  SELECT groupUniqArrayArray(arrayFilter((id, on) -> on, ids, went_on)) AS gone,
    groupUniqArrayArray(arrayFilter((id, on) -> NOT on, ids, went_on)) AS arrivals
  FROM (
    SELECT user_key, is_anonymous, arrayMap(touch -> touch.2, path) AS ids, ${wentOnSql("path", sessionGapMs)} AS went_on,
      arrayFilter(touch -> touch.1 <= conversion AND conversion - touch.1 <= {click:Int64}, touches) AS path
    FROM (
      SELECT user_key, is_anonymous,
        groupUniqArrayIf(toUnixTimestamp64Milli(time), type = 'conversion') AS conversions,
        arraySort(groupArrayIf(${ARRIVING_SQL}, type IN ('click', 'visit'))) AS touches
      FROM ${facts} WHERE tenant = {tenant:String} AND type IN ('click', 'visit', 'conversion')
      GROUP BY user_key, is_anonymous
      HAVING countIf(type = 'visit') > 0
    ) ARRAY JOIN conversions AS conversion
  ) GROUP BY user_key, is_anonymous
)`;
}

/** Counts a tenant's conversions by their valid results. @throws WarehouseError as the engine's query */
export async function countResults(
  engine: WarehouseEngine,
  tenant: string,
): Promise<ResultClasses> {
  const [row] = await engine.query<Record<keyof ResultClasses, string>>(
    `SELECT countIf(touches > 0) AS attributed, countIf(touches = 0) AS unattributed
FROM ${validAttributions("", false)}`,
    { tenant },
  );
  return {
    attributed: Number(row?.attributed ?? 0),
    unattributed: Number(row?.unattributed ?? 0),
  };
}

/** How a tenant's orders are counted. */
export interface OrderRules {
  /** Whether different orders have the same ID: then refunds are of the same person's conversions only. */
  readonly reusedOrderIds: boolean;
  /**
   * Whether people were erased: refunds that they sent of other people's orders are no more among the facts and go on to count. What
   * the results took off is taken for refunded then, where the facts say less.
   */
  readonly erased: boolean;
}

/**
 * Sums a tenant's money: accepted and refunded amounts from the facts, credited ones from the results.
 * @param model whose credits are summed: those of each model are the whole
 * @throws WarehouseError as the engine's query
 */
export async function sumMoney(
  engine: WarehouseEngine,
  tenant: string,
  model: string,
  rules: OrderRules,
): Promise<readonly MoneyClasses[]> {
  const facts = await engine.query<{ currency: string; accepted: string; refunded: string }>(
    refundedSql(await factsOfPeople(engine, { tenant }), rules),
    { tenant },
  );
  const results = await engine.query<{ currency: string; credited: string; unattributed: string }>(
    `SELECT currency, sumIf(share, touches > 0) AS credited, sumIf(value, touches = 0) AS unattributed FROM (
  SELECT currency, touches, value,
    arraySum(arrayMap((name, part) -> if(name = {model:String}, part, toDecimal128(0, 12)), credit_model, credit_value)) AS share
  FROM ${validAttributions("", false)}
) WHERE currency != '' GROUP BY currency`,
    { tenant, model },
  );
  const currencies = [...new Set([...facts, ...results].map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const fact = facts.find((row) => row.currency === currency);
    const result = results.find((row) => row.currency === currency);
    return {
      currency,
      accepted: decimalUnits(fact?.accepted ?? "0"),
      refunded: decimalUnits(fact?.refunded ?? "0"),
      credited: decimalUnits(result?.credited ?? "0"),
      unattributed: decimalUnits(result?.unattributed ?? "0"),
    };
  });
}

/** SQL for the value of all conversions as sent, and what refunds took back of it, by currency. */
function refundedSql(
  { exact, isSent }: FactsSource,
  { reusedOrderIds, erased }: OrderRules,
): string {
  // A refund of an order is one by its event ID, whoever sends it, unless only the journey tells orders apart.
  const order = reusedOrderIds ? "user_key, is_anonymous, order_id" : "order_id";
  const sent = isSent ? ["sent_anonymous", "sent_user_key"] : ["is_anonymous", "user_key"];
  const none = "toDecimal128(0, 12)";
  const parts = `arraySum(arrayMap((of, part) -> if(of = currency, part, ${none}), currencies, parts))`;
  const net = `if(order_id = '', amount, if(whole > 0, ${none}, greatest(${none}, amount - ${parts})))`;
  const result = `LEFT ANY JOIN (
    SELECT (sent_anonymous, sent_user_key, conversion_id) AS conversion, 1 AS is_known, value AS credited
    FROM ${validAttributions("", false)}
  ) AS result USING (conversion)`;
  return `SELECT currency, sum(amount) AS accepted, sum(amount - net) AS refunded FROM (
  SELECT currency, amount, ${erased ? `if(is_known = 1, least(${net}, credited), ${net})` : net} AS net
  FROM (
    SELECT user_key, is_anonymous, (${sent.join(", ")}, event_id) AS conversion, order_id, currency, assumeNotNull(value) AS amount
    FROM ${exact}
    WHERE tenant = {tenant:String} AND type = 'conversion' AND isNotNull(value)
  ) AS purchase LEFT JOIN (
    SELECT ${order}, countIf(isNull(value)) AS whole,
      groupArrayIf(currency, isNotNull(value)) AS currencies, groupArray(value) AS parts
    FROM (
      SELECT user_key, is_anonymous, order_id, value, currency FROM ${exact}
      WHERE tenant = {tenant:String} AND type = 'refund' AND order_id != ''
      ORDER BY user_key, is_anonymous LIMIT 1 BY ${order}, event_id
    )
    GROUP BY ${order}
  ) AS refund USING (${order})
  ${erased ? result : ""}
) GROUP BY currency`;
}

import {
  differenceOf,
  expectedResults,
  type PlainRules,
  type StoredResult,
} from "@tributary/oracle";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE, type WarehouseEngine } from "@tributary/warehouse";
import { PASSERS_BY_TENANT, type PassersByOutcome } from "../traffic/passers-by.ts";

/** What the platform was set to, and how many of their events it took for late. */
interface Circumstances {
  readonly rules: PlainRules;
  readonly late: number;
}

type Count = (
  what: "lost" | "duplicated" | "wrongCredits" | "unexplained",
  count: number,
  words: string,
) => void;

interface StoredEvent {
  readonly event_id: string;
  readonly rows: string;
}

interface LastResult extends StoredResult {
  readonly conversion_id: string;
}

/**
 * Every story that was acknowledged after the last flush of the passers-by's partition has exactly its effect, nothing
 * of theirs is there twice, and nobody is late because another client's clock is ahead.
 */
export async function judgePassersBy(
  warehouse: WarehouseEngine,
  { must, may }: PassersByOutcome,
  { rules, late }: Circumstances,
  count: Count,
): Promise<void> {
  const tenant = PASSERS_BY_TENANT;
  const rows = await warehouse.query<StoredEvent>(
    `SELECT event_id, toString(count()) AS rows FROM ${EVENTS_TABLE} FINAL WHERE tenant = {tenant:String} GROUP BY event_id`,
    { tenant },
  );
  for (const { event_id: id, rows: times } of rows) {
    if (!may.has(id)) count("unexplained", 1, `${tenant}: ${id} was never sent`);
    if (Number(times) > 1) {
      count("duplicated", Number(times) - 1, `${tenant}: ${id} is ${times} facts`);
    }
  }
  const stored = new Set(rows.map((row) => row.event_id));
  const missing = must.filter(({ id }) => !stored.has(id));
  if (missing.length > 0) {
    const first = missing[0]?.id ?? "";
    const words = `${tenant}: ${missing.length} events, ${first} among them, were acknowledged after the last flush and are nowhere`;
    count("lost", missing.length, words);
  }
  const results = await warehouse.query<LastResult>(
    `SELECT conversion_id, toString(value) AS value, touch_id, touch_channel, credit_model, credit_touch,
      arrayMap(x -> toString(x), credit_share) AS credit_share,
      arrayMap(x -> toString(x), credit_value) AS credit_value
    FROM ${ATTRIBUTIONS_TABLE} FINAL WHERE tenant = {tenant:String}
    ORDER BY conversion_id, generation DESC, attributed_at DESC, revision DESC LIMIT 1 BY conversion_id`,
    { tenant },
  );
  const found = new Map(results.map((row) => [row.conversion_id, row]));
  for (const [key, plain] of expectedResults([...must], rules)) {
    const id = key.slice(key.lastIndexOf("/") + 1);
    const row = found.get(id);
    const difference = row === undefined ? "no result" : differenceOf(row, plain);
    if (difference === undefined) continue;
    count(row === undefined ? "lost" : "wrongCredits", 1, `${tenant}: ${id}: ${difference}`);
  }
  if (late > 0) count("unexplained", late, `${tenant}: ${late} events were taken for late`);
}

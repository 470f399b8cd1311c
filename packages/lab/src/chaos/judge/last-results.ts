import type { StoredResult } from "@tributary/oracle";
import { WITHDRAWN_REASONS } from "@tributary/protocol";
import { ATTRIBUTIONS_TABLE, type WarehouseEngine } from "@tributary/warehouse";

/** The last result of a conversion, as the warehouse has it. */
export interface LastResult extends StoredResult {
  readonly tenant: string;
  readonly conversion_id: string;
  readonly user_key: string;
  readonly sent_user_key: string;
  readonly sent_anonymous: boolean;
  readonly reason: string;
}

/** Whether a result withdraws its conversion, because another one counts in its place. */
export function isDuplicate({ reason }: LastResult): boolean {
  return WITHDRAWN_REASONS.some((withdrawn) => withdrawn === reason);
}

/** The last result of each of a tenant's conversions. */
export async function lastResults(
  warehouse: WarehouseEngine,
  tenant: string,
): Promise<LastResult[]> {
  return warehouse.query<LastResult>(
    `SELECT tenant, conversion_id, user_key, sent_user_key, sent_anonymous, reason, toString(value) AS value, touch_id, touch_channel,
      credit_model, credit_touch, arrayMap(x -> toString(x), credit_share) AS credit_share,
      arrayMap(x -> toString(x), credit_value) AS credit_value
    FROM ${ATTRIBUTIONS_TABLE} FINAL WHERE tenant = {tenant:String}
    ORDER BY conversion_id, generation DESC, attributed_at DESC, revision DESC LIMIT 1 BY conversion_id, sent_user_key, sent_anonymous`,
    { tenant },
  );
}

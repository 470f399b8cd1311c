import { findConversion, readUserTouches, type WarehouseEngine } from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";
import { type AppliedRules, explain, type ExplainedConversion } from "./explain.ts";

/** Touchpoints of a user that one explanation looks at. */
const MAX_TOUCHES = 1000;

/**
 * A conversion by its event ID or order ID, explained.
 * @param rules of the workers @param asOf as it was then, ms since 1970
 * @throws ReportsError `not_found`, WarehouseError
 */
export async function requireConversion(
  engine: WarehouseEngine,
  tenant: string,
  idOrOrderId: string,
  rules: AppliedRules,
  asOf: number | undefined,
): Promise<ExplainedConversion> {
  const found = await findConversion(engine, tenant, idOrOrderId, asOf);
  if (found === undefined) {
    const then = asOf === undefined ? "" : ` as of ${new Date(asOf).toISOString()}`;
    throw new ReportsError(
      "not_found",
      `no attributed conversion has the ID or order ID "${idOrOrderId.slice(0, 64)}"${then}`,
    );
  }
  const { userKey, anonymous, time } = found;
  const limit = MAX_TOUCHES + 1;
  const touches = await readUserTouches(engine, { tenant, userKey, anonymous, time, limit });
  return explain(found, touches.slice(0, MAX_TOUCHES), rules, touches.length === limit);
}

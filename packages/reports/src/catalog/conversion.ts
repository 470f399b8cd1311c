import { conversionKey } from "@tributary/streams";
import {
  type ConversionDetail,
  findConversions,
  readUserTouches,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";
import { type AppliedRules, explain, type ExplainedConversion } from "./explain.ts";

/** Touchpoints of a user that one explanation looks at. */
const MAX_TOUCHES = 1000;

/** An explained conversion, and what names it: see {@link conversionKey}. */
export interface NamedConversion extends ExplainedConversion {
  readonly key: string;
}

/** A conversion, and the others of its event ID, which were sent under other user keys. */
export interface FoundConversion extends NamedConversion {
  /** Left out where there are none. */
  readonly others?: readonly NamedConversion[];
}

/**
 * A conversion by its event ID or order ID, explained; with those of the same event ID that were sent under other user keys.
 * @param rules of the workers @param asOf as it was then, ms since 1970
 * @throws ReportsError `not_found`, WarehouseError
 */
export async function requireConversion(
  engine: WarehouseEngine,
  tenant: string,
  idOrOrderId: string,
  rules: AppliedRules,
  asOf: number | undefined,
): Promise<FoundConversion> {
  const [found, ...more] = await findConversions(engine, tenant, idOrOrderId, asOf);
  if (found === undefined) {
    const then = asOf === undefined ? "" : ` as of ${new Date(asOf).toISOString()}`;
    throw new ReportsError(
      "not_found",
      `no attributed conversion has the ID or order ID "${idOrOrderId.slice(0, 64)}"${then}`,
    );
  }
  const first = await explainFound(engine, tenant, found, rules);
  if (more.length === 0) return first;
  const others: NamedConversion[] = [];
  for (const other of more) others.push(await explainFound(engine, tenant, other, rules));
  return { ...first, others };
}

async function explainFound(
  engine: WarehouseEngine,
  tenant: string,
  found: ConversionDetail,
  rules: AppliedRules,
): Promise<NamedConversion> {
  const { userKey, anonymous, time } = found;
  const limit = MAX_TOUCHES + 1;
  const touches = await readUserTouches(engine, { tenant, userKey, anonymous, time, limit });
  const { id, sentUserKey, sentAnonymous } = found;
  const key = conversionKey({ tenant, id, userKey: sentUserKey, anonymous: sentAnonymous });
  const explained = explain(found, touches.slice(0, MAX_TOUCHES), rules, touches.length === limit);
  return { key, ...explained };
}

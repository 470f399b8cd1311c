import { DIMENSION_FIELDS, type DimensionField } from "@tributary/protocol";
import type { WarehouseEngine } from "../engine/engine.ts";
import { linkedSql } from "./identity-sql.ts";
import { EVENTS_TABLE } from "../engine/schema.ts";

/** A touchpoint of a user, with the fields that named its channel. */
export interface UserTouch extends Readonly<Record<DimensionField, string>> {
  readonly id: string;
  readonly type: string;
  /** ms since 1970. */
  readonly time: number;
  readonly referrer: string;
  readonly url: string;
  /** Time of its commit, ms since 1970 by the clock of Redis. */
  readonly committedAt: number;
}

/** A user, and a time. */
export interface UserTouchesQuestion {
  readonly tenant: string;
  readonly userKey: string;
  readonly anonymous: boolean;
  /** ms since 1970. */
  readonly time: number;
  /** Most touchpoints. */
  readonly limit: number;
}

/** The table's order begins with the user, so only the user's rows are read. LIMIT 1 BY instead of FINAL, as for conversions. */
const SQL = `SELECT * FROM (
  SELECT event_id AS id, type, toUnixTimestamp64Milli(time) AS ms, ${DIMENSION_FIELDS.join(", ")},
    referrer, url, splitByChar('-', position)[1] AS committed
  FROM ${EVENTS_TABLE}
  WHERE tenant = {tenant:String} AND (user_key, is_anonymous) IN (
      SELECT {user:String}, {anonymous:UInt8} = 1
      UNION ALL SELECT anonymous_id, true FROM (${linkedSql(undefined)}) WHERE linked = {user:String} AND {anonymous:UInt8} = 0
    )
    AND type IN ('impression', 'click', 'visit')
  ORDER BY is_anonymous, user_key
  LIMIT 1 BY id
)
ORDER BY ms > {time:Int64}, ms DESC, id DESC
LIMIT {limit:UInt32}`;

interface TouchRow extends Readonly<Record<DimensionField, string>> {
  readonly id: string;
  readonly type: string;
  readonly ms: string;
  readonly referrer: string;
  readonly url: string;
  readonly committed: string;
}

/**
 * Reads a user's touchpoints: first those up to a time, the newest first, then those after it.
 * @throws WarehouseError as {@link WarehouseEngine.query}
 */
export async function readUserTouches(
  engine: WarehouseEngine,
  { tenant, userKey, anonymous, time, limit }: UserTouchesQuestion,
): Promise<UserTouch[]> {
  const parameters = { tenant, user: userKey, anonymous: anonymous ? 1 : 0, time, limit };
  const rows = await engine.query<TouchRow>(SQL, parameters);
  return rows.map(({ ms, committed, ...row }) => ({
    ...row,
    time: Number(ms),
    committedAt: Number(committed),
  }));
}

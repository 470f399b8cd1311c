/**
 * Arrivals in SQL: docs/models.md has the rules. Texts are compared as hashes below 2^53, so that a Float64 holds them.
 */
import type { SessionGap } from "@tributary/attribution";

const hashOf = (text: string): string => `bitAnd(cityHash64(${text}), 9007199254740991)`;
const IS_TAGGED = "(source != '' OR medium != '' OR campaign != '')";
const SIGNATURE = hashOf(
  `lowerUTF8(concat('s', channel, '\\0', source, '\\0', medium, '\\0', campaign, '\\0', if(${IS_TAGGED}, '', referrer_host)))`,
);
/** A direct touchpoint brings no referrer into its session. */
const REFERRER = `if(referrer_host = '' OR channel = 'direct', 0, ${hashOf("concat('r', referrer_host)")})`;
const BY_REFERRER = `(referrer_host != '' AND NOT ${IS_TAGGED} AND NOT has_click_id)`;
/** Of a visit the click that it stands for, of a click itself. */
const LINK_CLICK = `multiIf(type = 'click', ${hashOf("event_id")}, link_click = '', 0, ${hashOf("link_click")})`;

/**
 * SQL for the columns of a touchpoint's origin: `signature`, `referrer` (0 for none), `by_referrer` (0 or 1) and `link` (0 for
 * none; of a click its own).
 */
export const ORIGIN_COLUMNS_SQL = `toFloat64(${SIGNATURE}) AS signature, toFloat64(${REFERRER}) AS referrer,
  toUInt8(${BY_REFERRER}) AS by_referrer, toFloat64(${LINK_CLICK}) AS link`;

/** SQL for a click or visit as {@link wentOnSql} reads it: time in ms, event ID, and its origin. */
export const ARRIVING_SQL = `(toUnixTimestamp64Milli(time), event_id, type = 'visit', channel = 'direct', ${BY_REFERRER},
  ${SIGNATURE}, ${REFERRER}, ${LINK_CLICK})`;

/**
 * SQL for which of a path's clicks and visits go on with an arrival: an array of 0 and 1 of their length.
 * @param clicksAndVisits name of an array of {@link ARRIVING_SQL}, sorted
 */
export function wentOnSql(clicksAndVisits: string, gapMs: SessionGap): string {
  if (gapMs === "every_visit") return `arrayMap(touch -> 0, ${clicksAndVisits})`;
  const column = (number: number): string =>
    `arrayMap(touch -> touch.${number}, ${clicksAndVisits})`;
  const sessions = `arrayCumSum(arrayMap(gap -> gap > ${Math.trunc(gapMs)}, arrayDifference(${column(1)})))`;
  const landings = `arrayMap(touch -> if(touch.3, touch.8, 0), ${clicksAndVisits})`;
  const clicks = `arrayMap(touch -> touch.8, arrayFilter(touch -> NOT touch.3, ${clicksAndVisits}))`;
  return `arrayMap((touch, place, same, alike, landing) -> touch.3 AND if(touch.8 != 0,
    landing > 1 OR has(${clicks}, touch.8),
    place > 1 AND (touch.4 OR if(touch.5, same > 1, alike > 1))),
  ${clicksAndVisits}, arrayEnumerateUniq(${sessions}), arrayEnumerateUniq(${sessions}, ${column(7)}),
  arrayEnumerateUniq(${sessions}, ${column(6)}), arrayEnumerateUniq(${landings}))`;
}

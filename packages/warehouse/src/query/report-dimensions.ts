import {
  CONVERSION_DIMENSIONS,
  DIMENSION_FIELDS,
  type ConversionDimension,
  type DimensionField,
} from "@tributary/protocol";

/** Dimensions that an attribution report is grouped by. */
export type AttributionDimension = DimensionField | ConversionDimension;
export const ATTRIBUTION_DIMENSIONS: readonly AttributionDimension[] = [
  ...DIMENSION_FIELDS,
  ...CONVERSION_DIMENSIONS,
];
/** Spans of a time zone's calendar. */
type CalendarSpan = "minute" | "hour" | "day" | "week" | "month";

/** The channel of conversions without a touchpoint. */
export const UNATTRIBUTED = "unattributed";
/** Any other dimension of theirs: a touchpoint that lacks it is another row. */
const UNATTRIBUTED_NAME = "(unattributed)";
/** The name of a dimension that a touchpoint or conversion lacks. */
export const NO_VALUE = "(none)";

function isTouchDimension(dimension: AttributionDimension): dimension is DimensionField {
  return DIMENSION_FIELDS.some((field) => field === dimension);
}

/** The dimensions of touchpoints among several, in their order. */
export function touchDimensionsOf(by: readonly AttributionDimension[]): readonly DimensionField[] {
  return by.filter(isTouchDimension);
}

/** The dimensions of conversions among several, in their order; the currency, which every row has, left out. */
export function conversionDimensionsOf(
  by: readonly AttributionDimension[],
): readonly Exclude<ConversionDimension, "currency">[] {
  return by.flatMap((dimension) =>
    isTouchDimension(dimension) || dimension === "currency" ? [] : [dimension],
  );
}

/**
 * SQL for the begin of a span in the time zone that is bound to `{time_zone:String}`: a day as `2026-10-01`, the Monday of a week,
 * a month as `2026-10`, an hour or a minute as `2026-10-25T02:00+02:00`: where clocks are put back an hour comes twice, and its
 * offset tells which it is.
 * @param time SQL for the time
 */
export function calendarSql(span: CalendarSpan, time: string): string {
  const day = `toDate(${time}, {time_zone:String})`;
  switch (span) {
    case "minute":
      return clockSql(time, "%H:%i");
    case "hour":
      return clockSql(time, "%H:00");
    case "day":
      return `toString(${day})`;
    case "week":
      return `toString(toMonday(${time}, {time_zone:String}))`;
    case "month":
      return `substring(toString(${day}), 1, 7)`;
  }
}

/** The engine's offsets of 12 hours and more are a day too small (+13:00 reads -11:00): the local date tells them apart. */
function clockSql(time: string, clock: string): string {
  const seconds = `timezoneOffset(toTimeZone(${time}, {time_zone:String}))`;
  const days = `(toDate(${time}, {time_zone:String}) - toDate(addSeconds(${time}, ${seconds}), 'UTC'))`;
  const minutes = `(intDiv(${seconds}, 60) + 1440 * ${days})`;
  const digits = (of: string): string => `leftPad(toString(${of}), 2, '0')`;
  return `concat(formatDateTime(${time}, '%Y-%m-%dT${clock}', {time_zone:String}), if(${minutes} < 0, '-', '+'),
    ${digits(`intDiv(abs(${minutes}), 60)`)}, ':', ${digits(`abs(${minutes}) % 60`)})`;
}

/**
 * SQL for the text of a conversion's dimension: its name, its currency, or the begin of its span, see {@link calendarSql}.
 * @param time SQL for the conversion's time
 */
export function conversionDimensionSql(dimension: ConversionDimension, time: string): string {
  switch (dimension) {
    case "conversion":
      return "name";
    case "currency":
      return "currency";
    default:
      return calendarSql(dimension, time);
  }
}

/** Marks a row of conversions without a touchpoint, where rows are by dimensions of touchpoints: a name may be anything. */
export function unattributedMark(
  by: readonly AttributionDimension[],
  touch: readonly string[] | undefined,
): { readonly unattributed?: true } {
  return touch === undefined && by.some(isTouchDimension) ? { unattributed: true } : {};
}

/**
 * The dimensions of a row.
 * @param touch texts of the touchpoint's dimensions, in their order; undefined for conversions without a touchpoint
 * @param conversion texts of the conversion's, in the order of {@link conversionDimensionsOf}
 */
export function rowDimensions(
  by: readonly AttributionDimension[],
  touch: readonly string[] | undefined,
  conversion: readonly string[],
): Partial<Record<AttributionDimension, string>> {
  const dims: Partial<Record<AttributionDimension, string>> = {};
  let touchIndex = 0;
  let conversionIndex = 0;
  for (const dimension of by) {
    if (dimension === "currency") continue;
    if (!isTouchDimension(dimension)) {
      dims[dimension] = conversion[conversionIndex] || NO_VALUE;
      conversionIndex += 1;
    } else if (touch === undefined) {
      dims[dimension] = dimension === "channel" ? UNATTRIBUTED : UNATTRIBUTED_NAME;
    } else {
      dims[dimension] = touch[touchIndex] || NO_VALUE;
      touchIndex += 1;
    }
  }
  return dims;
}

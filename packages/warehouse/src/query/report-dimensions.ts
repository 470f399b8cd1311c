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
/** Dimensions that depend on the time zone. */
export const CALENDAR_DIMENSIONS: readonly AttributionDimension[] = ["day", "week", "month"];

/** The channel of conversions without a touchpoint. */
export const UNATTRIBUTED = "unattributed";
/** The name of an absent dimension. */
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
 * SQL for the text of a conversion's dimension: its name; its day as `2026-10-01`, the Monday of its week, or its month as
 * `2026-10`, in the time zone that is bound to `{time_zone:String}`.
 * @param time SQL for the conversion's time
 */
export function conversionDimensionSql(dimension: ConversionDimension, time: string): string {
  switch (dimension) {
    case "conversion":
      return "name";
    case "currency":
      return "currency";
    case "day":
      return `toString(toDate(${time}, {time_zone:String}))`;
    case "week":
      return `toString(toMonday(${time}, {time_zone:String}))`;
    case "month":
      return `substring(toString(toDate(${time}, {time_zone:String})), 1, 7)`;
  }
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
      dims[dimension] = dimension === "channel" ? UNATTRIBUTED : NO_VALUE;
    } else {
      dims[dimension] = touch[touchIndex] || NO_VALUE;
      touchIndex += 1;
    }
  }
  return dims;
}

import {
  classifyChannel,
  TenantRules,
  utmFromUrl,
  type ChannelSettings,
} from "@tributary/attribution";
import { DIMENSION_FIELDS, type DimensionField } from "@tributary/protocol";
import type { ArrowColumns, CodedColumn } from "./arrow-columns.ts";

type Names = Readonly<Record<DimensionField, string>>;

/** The touchpoints that conversions are themselves, by the purchase's number. */
export interface OwnTouches {
  /** 1 for a conversion with a campaign of its own. */
  readonly has: Uint8Array;
  /** Codes of the names in the touchpoints' columns. */
  readonly codes: ReadonlyMap<DimensionField, Int32Array>;
}

/**
 * Reads the touchpoints that conversions are themselves: those with a channel or UTM dimension of their own, in their fields or their
 * URL. Without a channel the rules name it, as a visit's.
 * @param rows of the purchases, in their order @param dimensions columns of the touchpoints
 * @returns the touches, and the columns with the names that only conversions have
 */
export function readOwnTouches(
  columns: ArrowColumns,
  rows: Int32Array,
  dimensions: ReadonlyMap<DimensionField, CodedColumn>,
  channels: ChannelSettings | undefined,
): { own: OwnTouches; dimensions: ReadonlyMap<DimensionField, CodedColumn> } {
  const namesOf = namesReader(columns, channels && new TenantRules(channels));
  const has = new Uint8Array(rows.length);
  const merged = [...dimensions].map(([field, { codes, names }]) => ({
    field,
    codes,
    names: [...names],
    known: new Map(names.map((name, code) => [name, code])),
    own: new Int32Array(rows.length),
  }));
  for (let i = 0; i < rows.length; i += 1) {
    const found = namesOf(rows[i] as number);
    if (found === undefined) continue;
    has[i] = 1;
    for (const { field, names, known, own } of merged) {
      const name = found[field];
      let code = known.get(name);
      if (code === undefined) {
        code = names.length;
        names.push(name);
        known.set(name, code);
      }
      own[i] = code;
    }
  }
  return {
    own: { has, codes: new Map(merged.map(({ field, own }) => [field, own])) },
    dimensions: new Map(merged.map(({ field, codes, names }) => [field, { codes, names }])),
  };
}

/** Reads the names of one row; undefined where it is no conversion with a campaign of its own. */
function namesReader(
  columns: ArrowColumns,
  rules: TenantRules | undefined,
): (row: number) => Names | undefined {
  const types = columns.codes("type");
  const conversion = types.names.indexOf("conversion");
  const dims = DIMENSION_FIELDS.map((field) => [field, columns.codes(`own_${field}`)] as const);
  const urls = columns.texts("own_url");
  const referrers = columns.texts("own_referrer");
  return (row) => {
    if (types.codes[row] !== conversion) return undefined;
    const url = urls.text(row);
    const utm = url === "" ? {} : utmFromUrl(url, rules?.utm);
    const names = Object.fromEntries(
      dims.map(([field, { codes, names: texts }]) => {
        const text = texts[codes[row] as number] ?? "";
        return [field, text === "" && field !== "channel" ? (utm[field] ?? "") : text];
      }),
    ) as Record<DimensionField, string>;
    if (DIMENSION_FIELDS.every((field) => names[field] === "")) return undefined;
    const referrer = referrers.text(row);
    const { channel } = classifyChannel({ ...names, type: "visit", url, referrer }, rules);
    const named = { ...names, channel };
    const own = rules?.names;
    if (own === undefined) return named;
    for (const field of DIMENSION_FIELDS) named[field] = own.of(field, named[field]);
    return named;
  };
}

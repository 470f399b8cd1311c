/** What a file can hold, and which fields its columns can fill. */
import { DIMENSION_FIELDS } from "@tributary/protocol";

export const KINDS = ["events", "spend", "rates"] as const;
export type Kind = (typeof KINDS)[number];

/** The fields of each kind; of events all but `properties`, which columns fill by name. */
export const FIELDS = {
  events: [
    "id",
    "type",
    "time",
    "userId",
    "anonymousId",
    ...DIMENSION_FIELDS,
    "referrer",
    "url",
    "name",
    "value",
    "currency",
    "orderId",
  ],
  spend: ["day", "amount", "currency", ...DIMENSION_FIELDS],
  rates: ["day", "currency", "target", "rate"],
} as const satisfies Readonly<Record<Kind, readonly string[]>>;

export type EventField = (typeof FIELDS.events)[number];
export type SpendField = (typeof FIELDS.spend)[number];
export type RateField = (typeof FIELDS.rates)[number];
export type Field = EventField | SpendField | RateField;

/** Fields that hold a time or day, an amount, and a currency. */
export const TIME_FIELDS: readonly Field[] = ["time", "day"];
export const AMOUNT_FIELDS: readonly Field[] = ["value", "amount", "rate"];
export const CURRENCY_FIELDS: readonly Field[] = ["currency", "target"];

const SHORT: Readonly<Record<string, Field>> = {
  user: "userId",
  anonymous: "anonymousId",
  order: "orderId",
};

/** The field of a name, also in short form (`user`, `anonymous`, `order`); undefined where the kind has none. */
export function fieldNamed(kind: Kind, name: string): Field | undefined {
  const fields: readonly Field[] = FIELDS[kind];
  const short = SHORT[name];
  if (short !== undefined && fields.includes(short)) return short;
  return fields.find((field) => field === name);
}

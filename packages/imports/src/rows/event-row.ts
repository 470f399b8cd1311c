/** A row of a file made an event. */
import { EVENT_TYPES, type EventType } from "@tributary/protocol";
import { SKIP } from "../mapping/event-types.ts";
import { FIELDS, type EventField } from "../mapping/fields.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { FieldReader, readAmount, readCurrency, TimeReader } from "./cell-readers.ts";
import type { RefusedCell } from "./refused.ts";

/** An event whose ID may not be known yet. */
export interface RowEvent {
  id?: string;
  type: EventType;
  time: number;
  userId?: string;
  anonymousId?: string;
  source?: string;
  medium?: string;
  campaign?: string;
  term?: string;
  content?: string;
  channel?: string;
  referrer?: string;
  url?: string;
  name?: string;
  value?: string;
  currency?: string;
  orderId?: string;
  properties?: Record<string, string>;
}

/** Fields whose text goes into the event as it stands. */
const TEXT_FIELDS = [
  "id",
  "userId",
  "anonymousId",
  "source",
  "medium",
  "campaign",
  "term",
  "content",
  "channel",
  "referrer",
  "url",
  "name",
  "orderId",
] as const satisfies readonly EventField[];

/** Makes events of a file's rows by its mapping. */
export class EventRows {
  readonly #readers: Readonly<Record<EventField, FieldReader>>;
  readonly #texts: readonly {
    readonly field: (typeof TEXT_FIELDS)[number];
    readonly reader: FieldReader;
  }[];
  readonly #time: TimeReader;
  readonly #properties: readonly { readonly name: string; readonly place: number }[];
  readonly #userFromOrder: boolean;

  /**
   * @param columns of the file, each name once
   * @throws ImportError `mapping` for a column that the file does not have
   */
  constructor(mapping: Mapping, columns: readonly string[]) {
    this.#readers = Object.fromEntries(
      FIELDS.events.map((field) => [field, new FieldReader(field, mapping, columns)]),
    ) as Record<EventField, FieldReader>;
    this.#texts = TEXT_FIELDS.filter(
      (field) => this.#readers[field].isMapped || mapping.defaults?.[field] !== undefined,
    ).map((field) => ({ field, reader: this.#readers[field] }));
    this.#time = new TimeReader(this.#readers.time);
    this.#properties = Object.entries(mapping.columns).flatMap(([column, { property }]) =>
      property === undefined ? [] : [{ name: property, place: columns.indexOf(column) }],
    );
    this.#userFromOrder = mapping.userFrom === "orderId";
  }

  /** The row's event, why there is none, or undefined where the mapping leaves it out. */
  read(cells: readonly string[]): RowEvent | RefusedCell | undefined {
    const typeReader = this.#readers.type;
    const type = typeReader.word(cells).toLowerCase();
    if (type === SKIP) return undefined;
    const known = EVENT_TYPES.find((one) => one === type);
    if (known === undefined) {
      const reason = `expected a type that the mapping knows: its values, or ${EVENT_TYPES.join(", ")}`;
      return refused(typeReader, cells, reason);
    }
    const time = this.#time.read(cells);
    if (typeof time === "string") return refused(this.#readers.time, cells, time);
    const event: RowEvent = { type: known, time };
    for (const { field, reader } of this.#texts) {
      const text = reader.word(cells);
      if (text !== "") event[field] = text;
    }
    if (event.userId === undefined && event.anonymousId === undefined) {
      if (!this.#userFromOrder || event.orderId === undefined) {
        return refused(this.#readers.userId, cells, NO_USER);
      }
      event.userId = event.orderId;
    }
    const problem = this.#readMoney(event, cells);
    if (problem !== undefined) return problem;
    this.#addProperties(event, cells);
    return event;
  }

  /** Where to look for what the gateway would refuse: a field's column. */
  columnOf(field: string): string {
    return this.#readers[field as EventField]?.column?.name ?? "";
  }

  #readMoney(event: RowEvent, cells: readonly string[]): RefusedCell | undefined {
    const { value: valueReader, currency: currencyReader, orderId } = this.#readers;
    const isRefund = event.type === "refund";
    if (isRefund && event.orderId === undefined) {
      return refused(orderId, cells, "expected the ID of the order that the refund is of");
    }
    if (event.type !== "conversion" && !isRefund) return undefined;
    const read = readAmount(valueReader, cells);
    if (typeof read === "string") return refused(valueReader, cells, read);
    let { amount } = read;
    if (amount.startsWith("-")) {
      if (!isRefund) {
        return refused(
          valueReader,
          cells,
          "expected an amount of at least 0; one below 0 is a refund's",
        );
      }
      amount = amount.slice(1);
    }
    // Without an amount a refund takes all of its order back.
    if (amount === "") return undefined;
    const currency = readCurrency(currencyReader, cells);
    if (currency === undefined) return refused(currencyReader, cells, EXPECTED_CURRENCY);
    const named = currencyReader.column !== undefined && currencyReader.isFilled ? currency : "";
    const code = named || read.currency || currency;
    if (code === "") {
      return refused(currencyReader.isMapped ? currencyReader : valueReader, cells, NO_CURRENCY);
    }
    event.value = amount;
    event.currency = code;
    return undefined;
  }

  #addProperties(event: RowEvent, cells: readonly string[]): void {
    for (const { name, place } of this.#properties) {
      const text = (cells[place] ?? "").trim();
      if (text !== "") (event.properties ??= {})[name] = text;
    }
  }
}

const NO_USER = "expected a customer; --user-from order takes the order's ID for one";
const EXPECTED_CURRENCY = "expected an ISO 4217 code such as EUR, or a sign of one currency";
const NO_CURRENCY = "the amount has no currency: give the one of such rows with --currency";

function refused(reader: FieldReader, cells: readonly string[], reason: string): RefusedCell {
  const value = reader.text(cells);
  return { column: reader.column?.name ?? "", value: reader.isFilled ? value : "", reason };
}

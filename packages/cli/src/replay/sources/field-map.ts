import type { TributaryEvent } from "@tributary/protocol";
import { InvalidArgumentError } from "commander";
import { ANY_TIME, type TimeReader } from "./event-time.ts";
import type { Rejected } from "./source-item.ts";

/** The fields that a column can fill: `properties` is a map, and no cell. */
const FIELDS = [
  "id",
  "type",
  "time",
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
  "value",
  "currency",
  "orderId",
] as const;

export type MappedField = (typeof FIELDS)[number];

const SHORT: Readonly<Record<string, MappedField>> = {
  user: "userId",
  anonymous: "anonymousId",
  order: "orderId",
};

/** Where a field's value comes from. */
export type FieldSource = { readonly column: string } | { readonly constant: string };

export type FieldMap = ReadonlyMap<MappedField, FieldSource>;

/**
 * Reads `user=customer_id,time=ts,type=@click`: a field of the event, `=`, a column's name, or `@` and a constant.
 * @throws InvalidArgumentError naming the part at fault and what is allowed
 */
export function parseFieldMap(text: string): FieldMap {
  const map = new Map<MappedField, FieldSource>();
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0)).trim();
    const value = part.slice(at + 1).trim();
    if (at < 0 || value === "" || value === "@") {
      throw new InvalidArgumentError(`"${part}": expected field=column or field=@constant.`);
    }
    const field = SHORT[name] ?? FIELDS.find((candidate) => candidate === name);
    if (field === undefined) {
      throw new InvalidArgumentError(
        `"${name}" is no field of an event; expected one of user, anonymous, order, ${FIELDS.join(", ")}.`,
      );
    }
    if (map.has(field)) throw new InvalidArgumentError(`"${field}" is mapped twice.`);
    map.set(field, value.startsWith("@") ? { constant: value.slice(1) } : { column: value });
  }
  return map;
}

/** Columns that are named as the event's fields (or their short forms), where no map is given. */
export function defaultFieldMap(columns: readonly string[]): FieldMap {
  const map = new Map<MappedField, FieldSource>();
  for (const column of columns) {
    const field = SHORT[column] ?? FIELDS.find((candidate) => candidate === column);
    if (field !== undefined && !map.has(field)) map.set(field, { column });
  }
  return map;
}

/** Looks a cell up: by a column's place, or a key of an object. */
export type CellReader<Row> = (row: Row, column: string) => unknown;

/** A row made an event, or why not. */
export type Mapped = TributaryEvent | Omit<Rejected, "line">;

/**
 * Makes the function that turns rows into events. Empty cells are left out; times are brought to milliseconds;
 * everything else goes to the gateway as it stands, which judges it.
 * @param idOf the ID of a row whose map or cell gives none
 */
export function createRowMapper<Row>(
  map: FieldMap,
  cell: CellReader<Row>,
  times: TimeReader = ANY_TIME,
): (row: Row, idOf: () => string) => Mapped {
  const entries = [...map].filter(([field]) => field !== "time" && field !== "id");
  const valueOf = (row: Row, source: FieldSource | undefined): unknown =>
    source === undefined
      ? undefined
      : "constant" in source
        ? source.constant
        : cell(row, source.column);
  const idSource = map.get("id");
  const timeSource = map.get("time");
  return (row, idOf) => {
    const given = valueOf(row, timeSource);
    const time = times.read(given);
    if (time === undefined) {
      return { field: "time", reason: `${times.expected}, got ${describeCell(given)}` };
    }
    const id = valueOf(row, idSource);
    const event: Record<string, unknown> = { id: isEmpty(id) ? idOf() : id };
    for (const [field, source] of entries) {
      const value = valueOf(row, source);
      if (!isEmpty(value)) event[field] = value;
    }
    event["time"] = time;
    // What the cells hold is checked where every event is checked: at the gateway.
    return event as unknown as TributaryEvent;
  };
}

/** Whether a mapped row was turned down. */
export function isRejected(mapped: Mapped): mapped is Omit<Rejected, "line"> {
  return "reason" in mapped;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** The found value, at most 40 characters of it. */
export function describeCell(value: unknown): string {
  if (isEmpty(value)) return "nothing";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}

import { TOUCH_TYPES, type ChannelSettings } from "@tributary/attribution";
import { Dictionary, type DimensionField } from "@tributary/protocol";
import { MAX_JOURNEY_TOUCHES, tooManyTouches } from "@tributary/warehouse";
import { ArrowColumns, type CodedColumn, type TextColumn } from "./arrow-columns.ts";
import { readOwnTouches, type OwnTouches } from "./own-touches.ts";

/** Touchpoints as columns: of each user in a row, by time, then event ID; each once. */
export interface TouchColumns {
  /** The touchpoints of user u are `starts[u]` … `starts[u + 1] - 1`. */
  readonly starts: Int32Array;
  /** ms since 1970. */
  readonly times: Float64Array;
  /** Indexes into `TOUCH_TYPES`. */
  readonly types: Uint8Array;
  readonly dimensions: ReadonlyMap<DimensionField, CodedColumn>;
  readonly origins: OriginColumns;
  /** Numbers the users' keys; purchases add theirs. */
  readonly users: Dictionary;
}

/** Where touchpoints came from, as numbers that stand for texts. */
export interface OriginColumns {
  readonly signatures: Float64Array;
  /** 0 for none. */
  readonly referrers: Float64Array;
  readonly byReferrer: Uint8Array;
  /** Of a visit the click of a link that it stands for, of a click its own; 0 for none. */
  readonly linkClicks: Float64Array;
}

/** Facts of users who convert, as columns. */
export interface FactColumns {
  readonly users: number;
  /** The touchpoints of user u are `touchStarts[u]` … `touchStarts[u + 1] - 1`. */
  readonly touchStarts: Int32Array;
  readonly touches: TouchColumns;
  /** As of touchpoints. */
  readonly purchaseStarts: Int32Array;
  /** ms since 1970. */
  readonly purchaseTimes: Float64Array;
  readonly purchases: PurchaseColumns;
}

/** Conversions, refunds, and custom events that mark a lead. */
export interface PurchaseColumns {
  readonly isRefund: Uint8Array;
  readonly isConversion: Uint8Array;
  readonly names: CodedColumn;
  readonly currencies: CodedColumn;
  /** Units of 10^-12; 0 where there is none. */
  readonly amounts: readonly bigint[];
  readonly hasAmount: Uint8Array;
  readonly orderId: (purchase: number) => string;
  readonly eventId: (purchase: number) => string;
  /** The conversion's dimensions that were asked for. */
  readonly dimensions: readonly CodedColumn[];
  /** Where conversions are touchpoints themselves. */
  readonly own?: OwnTouches;
}

/** How the purchases of a question are read. */
export interface PurchaseReading {
  /** How many of the conversions' dimensions there are. */
  readonly conversionDimensions: number;
  /** Where conversions are touchpoints themselves: the tenant's rules of channels. */
  readonly ownTouches?: { readonly channels: ChannelSettings | undefined } | undefined;
}

/**
 * Reads touchpoints into columns.
 * @param seed of the users' dictionary: its strings come from strangers
 * @throws WarehouseError `report_too_large` over {@link MAX_JOURNEY_TOUCHES}
 */
export function readTouchColumns(
  bytes: Uint8Array,
  dimensions: readonly DimensionField[],
  seed: number,
): TouchColumns {
  const columns = new ArrowColumns(bytes);
  if (columns.rows > MAX_JOURNEY_TOUCHES) throw tooManyTouches();
  const users = new Dictionary(seed);
  const userOf = usersOf(columns, users);
  const { starts, rows } = sortRows(columns, userOf, numbersOf(users));
  const types = columns.codes("type");
  const typeOfCode = types.names.map((name) =>
    Math.max(
      0,
      TOUCH_TYPES.findIndex((type) => type === name),
    ),
  );
  const typeOfRow = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i += 1) {
    typeOfRow[i] = typeOfCode[types.codes[rows[i] as number] as number] as number;
  }
  return {
    starts,
    times: gatherNumbers(columns.numbers("ms"), rows),
    types: typeOfRow,
    dimensions: new Map(
      dimensions.map((field) => [field, gatherCodes(columns.codes(field), rows)]),
    ),
    origins: {
      signatures: gatherNumbers(columns.numbers("signature"), rows),
      referrers: gatherNumbers(columns.numbers("referrer"), rows),
      byReferrer: gatherBytes(columns.bytes("by_referrer"), rows),
      linkClicks: gatherNumbers(columns.numbers("link"), rows),
    },
    users,
  };
}

/**
 * Reads the purchases of the touchpoints' users, and of users without a touchpoint.
 * @throws WarehouseError `report_too_large` over {@link MAX_JOURNEY_TOUCHES}
 */
export function readFactColumns(
  touches: TouchColumns,
  bytes: Uint8Array,
  { conversionDimensions, ownTouches }: PurchaseReading,
): FactColumns {
  const columns = new ArrowColumns(bytes);
  if (columns.rows > MAX_JOURNEY_TOUCHES) throw tooManyTouches();
  const userOf = usersOf(columns, touches.users);
  const users = numbersOf(touches.users);
  const { starts, rows } = sortRows(columns, userOf, users);
  const touchStarts = new Int32Array(users + 1).fill(touches.times.length);
  touchStarts.set(touches.starts);
  const read = ownTouches && readOwnTouches(columns, rows, touches.dimensions, ownTouches.channels);
  const purchases = purchaseColumns(columns, rows, conversionDimensions);
  return {
    users,
    touchStarts,
    touches: read === undefined ? touches : { ...touches, dimensions: read.dimensions },
    purchaseStarts: starts,
    purchaseTimes: gatherNumbers(columns.numbers("ms"), rows),
    purchases: read === undefined ? purchases : { ...purchases, own: read.own },
  };
}

/** The approximate size of columns, bytes. */
export function sizeOfColumns({ touches, purchaseTimes }: FactColumns): number {
  const { times, dimensions, users } = touches;
  /** Time, type and origin. */
  const TOUCH_BYTES = 34;
  const PURCHASE_BYTES = 128;
  const USER_BYTES = 64;
  return (
    times.length * (TOUCH_BYTES + 4 * dimensions.size) +
    purchaseTimes.length * PURCHASE_BYTES +
    users.size * USER_BYTES
  );
}

function purchaseColumns(
  columns: ArrowColumns,
  rows: Int32Array,
  conversionDimensions: number,
): PurchaseColumns {
  const types = columns.codes("type");
  const isType = (type: string): Uint8Array => {
    const code = types.names.indexOf(type);
    const is = new Uint8Array(rows.length);
    for (let i = 0; i < rows.length; i += 1) {
      is[i] = types.codes[rows[i] as number] === code ? 1 : 0;
    }
    return is;
  };
  const amounts = columns.decimals("amount");
  const has = columns.bytes("has_value");
  const hasAmount = new Uint8Array(rows.length);
  const ordered: bigint[] = [];
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as number;
    ordered.push(amounts[row] ?? 0n);
    hasAmount[i] = has[row] as number;
  }
  const orders = columns.texts("order_id");
  const ids = columns.texts("event_id");
  return {
    isRefund: isType("refund"),
    isConversion: isType("conversion"),
    names: gatherCodes(columns.codes("name"), rows),
    currencies: gatherCodes(columns.codes("currency"), rows),
    amounts: ordered,
    hasAmount,
    orderId: (purchase) => orders.text(rows[purchase] ?? 0),
    eventId: (purchase) => ids.text(rows[purchase] ?? 0),
    dimensions: Array.from({ length: conversionDimensions }, (_, i) =>
      gatherCodes(columns.codes(`conversion${i}`), rows),
    ),
  };
}

/** Numbers of users are below this. */
function numbersOf(users: Dictionary): number {
  return 2 * (users.size + 1);
}

/** A number for each row's user: an anonymous ID and a user ID of the same text are two. */
function usersOf(columns: ArrowColumns, dictionary: Dictionary): Int32Array {
  const { bytes, starts } = columns.texts("user_key");
  const anonymous = columns.bytes("anonymous");
  const users = new Int32Array(columns.rows);
  for (let row = 0; row < users.length; row += 1) {
    const code = dictionary.intern(bytes, starts[row] as number, starts[row + 1] as number);
    users[row] = 2 * code + (anonymous[row] as number);
  }
  return users;
}

/** The rows by user, time and event ID, each event once. @param users numbers of users are below this */
function sortRows(
  columns: ArrowColumns,
  userOf: Int32Array,
  users: number,
): { starts: Int32Array; rows: Int32Array } {
  const ends = new Int32Array(users + 1);
  for (let row = 0; row < userOf.length; row += 1) {
    const user = userOf[row] as number;
    ends[user + 1] = (ends[user + 1] as number) + 1;
  }
  for (let u = 0; u < users; u += 1) ends[u + 1] = (ends[u + 1] as number) + (ends[u] as number);
  const rows = new Int32Array(ends[users] as number);
  const next = ends.slice();
  for (let row = 0; row < userOf.length; row += 1) {
    const user = userOf[row] as number;
    const place = next[user] as number;
    rows[place] = row;
    next[user] = place + 1;
  }
  const times = columns.numbers("ms");
  const ids = columns.texts("event_id");
  const starts = new Int32Array(users + 1);
  let kept = 0;
  for (let u = 0; u < users; u += 1) {
    const from = ends[u] as number;
    const to = ends[u + 1] as number;
    sortRange(rows, from, to, times, ids);
    for (let i = from; i < to; i += 1) {
      const row = rows[i] as number;
      if (i > from && compareRows(row, rows[kept - 1] as number, times, ids) === 0) continue;
      rows[kept] = row;
      kept += 1;
    }
    starts[u + 1] = kept;
  }
  return { starts, rows: rows.slice(0, kept) };
}

/** Up to so many rows insertion is the fastest way, for they come nearly sorted. */
const FEW_ROWS = 64;

function sortRange(
  rows: Int32Array,
  from: number,
  to: number,
  times: Float64Array,
  ids: TextColumn,
): void {
  if (to - from > FEW_ROWS) {
    rows.subarray(from, to).sort((a, b) => compareRows(a, b, times, ids));
    return;
  }
  for (let i = from + 1; i < to; i += 1) {
    const row = rows[i] as number;
    let place = i;
    while (place > from && compareRows(rows[place - 1] as number, row, times, ids) > 0) {
      rows[place] = rows[place - 1] as number;
      place -= 1;
    }
    rows[place] = row;
  }
}

function compareRows(a: number, b: number, times: Float64Array, ids: TextColumn): number {
  return (times[a] as number) - (times[b] as number) || ids.compare(a, b);
}

function gatherNumbers(column: Float64Array, rows: Int32Array): Float64Array {
  const gathered = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i += 1) gathered[i] = column[rows[i] as number] as number;
  return gathered;
}

function gatherBytes(column: Uint8Array, rows: Int32Array): Uint8Array {
  const gathered = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i += 1) gathered[i] = column[rows[i] as number] as number;
  return gathered;
}

function gatherCodes({ codes, names }: CodedColumn, rows: Int32Array): CodedColumn {
  const gathered = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i += 1) gathered[i] = codes[rows[i] as number] as number;
  return { codes: gathered, names };
}

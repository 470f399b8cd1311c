import { creditAll, DEFAULT_MODEL_OPTIONS, MODEL_NAMES } from "@tributary/attribution";
import {
  BatchScanner,
  createRowDictionaries,
  emptyIdentityRecord,
  EntryWriter,
  EventRow,
  fillIdentityRow,
  IDENTITY_ERASE,
  packEvents,
  ResultWriter,
  type RowDictionaries,
  type TributaryEvent,
} from "@tributary/protocol";

export const T0 = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;

function scan(
  events: readonly TributaryEvent[],
  dictionaries: RowDictionaries,
  sink: (row: EventRow) => void,
  tenant = "default",
): void {
  const options = {
    now: T0 + YEAR_MS,
    tenant: dictionaries.tenants.internText(tenant),
    maxEvents: 65_535,
    maxEventBytes: 65_536,
    maxFutureMs: YEAR_MS,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  const { refused } = new BatchScanner(dictionaries).scan(packEvents(events), options, sink);
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
}

/** A fact block as the worker writes it. @param traces 25 bytes each */
export function factBlock(
  events: readonly TributaryEvent[],
  traces: readonly Uint8Array[] = [],
  tenant?: string,
): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  scan(events, dictionaries, (row) => writer.append(row), tenant);
  for (const trace of traces) writer.trace(trace);
  return writer.finish();
}

/** A result block of conversions with the same touchpoints, credited by every model. */
export function resultBlock(
  conversions: readonly TributaryEvent[],
  touches: readonly TributaryEvent[],
  value: string,
  tenant?: string,
): Uint8Array {
  const dictionaries = createRowDictionaries(2);
  const writer = new ResultWriter(MODEL_NAMES, dictionaries);
  const weights = new Float64Array(MODEL_NAMES.length * touches.length);
  for (const conversion of conversions) {
    const take = (row: EventRow): void => {
      writer.conversion(row, value, 0, 0, touches.length);
    };
    scan([conversion], dictionaries, take, tenant);
    if (touches.length === 0) continue;
    scan(touches, dictionaries, (row) => writer.touch(row), tenant);
    const path = {
      length: touches.length,
      ageMs: Float64Array.from(touches, (touch) => conversion.time - touch.time),
      isDirect: new Uint8Array(touches.length),
    };
    creditAll(path, DEFAULT_MODEL_OPTIONS, weights);
    writer.weights(weights, weights.length);
  }
  return writer.finish();
}

export function click(id: string, more: Partial<TributaryEvent> = {}): TributaryEvent {
  return { id, type: "click", time: T0 - 1000, userId: "u1", channel: "email", ...more };
}

export function purchase(id: string, more: Partial<TributaryEvent> = {}): TributaryEvent {
  const order = { currency: "EUR", orderId: `order-${id}` };
  return { id, type: "conversion", time: T0, userId: "u1", name: "purchase", ...order, ...more };
}

/** A fact block that says that a user is erased. @param receipt its first byte */
export function erasedBlock(userId: string, receipt: number, tenant = "default"): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  row.tenant = dictionaries.tenants.internText(tenant);
  row.user = new TextEncoder().encode(userId);
  row.userLength = row.user.length;
  const bytes = new Uint8Array(16);
  bytes[0] = receipt;
  const record = { kind: IDENTITY_ERASE, linked: true, receipt: bytes };
  fillIdentityRow(row, { ...emptyIdentityRecord(), ...record }, T0);
  writer.append(row);
  return writer.finish();
}

/** A receipt as text. @param receipt its first byte */
export function receiptOf(receipt: number): string {
  return `${receipt.toString(16).padStart(2, "0")}000000-0000-0000-0000-000000000000`;
}

import {
  BatchScanner,
  createRowDictionaries,
  emptyIdentityRecord,
  EntryWriter,
  EventRow,
  fillIdentityRow,
  fillUserRow,
  FLAG_ANONYMOUS,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  type IdentityRecord,
  packEvents,
  ResultWriter,
  type RowDictionaries,
  type TributaryEvent,
} from "@tributary/protocol";
import { WarehouseError } from "../../src/errors.ts";
import { creditAll, DEFAULT_MODEL_OPTIONS, MODEL_NAMES } from "@tributary/attribution";

export const T0 = 1_700_000_000_000;
const DAY_MS = 86_400_000;

/** Hands each event on as the row that the gateway makes of it. */
function scanEvents(
  events: readonly TributaryEvent[],
  tenant: string,
  dictionaries: RowDictionaries,
  sink: (row: EventRow, index: number) => void,
): void {
  let index = 0;
  const options = {
    now: T0 + 3650 * DAY_MS,
    tenant: dictionaries.tenants.internText(tenant),
    maxEvents: 65_535,
    maxEventBytes: 65_536,
    maxFutureMs: 3650 * DAY_MS,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  const { refused } = new BatchScanner(dictionaries).scan(packEvents(events), options, (row) => {
    sink(row, index);
    index += 1;
  });
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
}

/** A fact block as the worker writes it. */
export function factBlock(events: readonly TributaryEvent[], tenant = "default"): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  scanEvents(events, tenant, dictionaries, (row) => writer.append(row));
  return writer.finish();
}

/** One conversion's result. */
export interface Result {
  readonly conversion: TributaryEvent;
  readonly touches: readonly TributaryEvent[];
  /** Net value as decimal text; "" for none. */
  readonly value: string;
  readonly revision?: number;
  /** Index into REVISION_REASONS. */
  readonly reason?: number;
  readonly generation?: number;
  /** That the conversion was sent under, where it is its user's by a link. */
  readonly anonymousId?: string;
}

/** A result block as the worker writes it, credited by every model. */
export function resultBlock(results: readonly Result[], tenant = "default"): Uint8Array {
  const dictionaries = createRowDictionaries(2);
  const writer = new ResultWriter(MODEL_NAMES, dictionaries);
  for (const { conversion, touches, value, ...more } of results) {
    const { revision = 0, reason = 0, generation = 0, anonymousId = "" } = more;
    scanEvents([conversion], tenant, dictionaries, (row) => {
      writer.conversion(row, value, revision, reason, touches.length, generation, anonymousId);
    });
    if (touches.length === 0) continue;
    scanEvents(touches, tenant, dictionaries, (row) => writer.touch(row));
    const weights = new Float64Array(MODEL_NAMES.length * touches.length);
    creditAll(
      {
        length: touches.length,
        ageMs: Float64Array.from(touches, (touch) => conversion.time - touch.time),
        isDirect: Uint8Array.from(touches, (touch) => (touch.channel === "direct" ? 1 : 0)),
      },
      DEFAULT_MODEL_OPTIONS,
      weights,
    );
    writer.weights(weights, weights.length);
  }
  return writer.finish();
}

/** A click. */
export function click(
  id: string,
  time: number,
  more: Partial<TributaryEvent> = {},
): TributaryEvent {
  return { id, type: "click", time, userId: "u1", channel: "paid_search", ...more };
}

/** A purchase. */
export function purchase(
  id: string,
  time: number,
  more: Partial<TributaryEvent> = {},
): TributaryEvent {
  return { id, type: "conversion", time, userId: "u1", name: "purchase", ...more };
}

/** Whom a fact block says to be erased. */
export interface Erased {
  readonly key: string;
  readonly anonymous?: boolean;
  /** The user whom it was erased with. */
  readonly owner?: string;
  readonly linked?: boolean;
  readonly generation?: number;
  /** One byte that makes the receipt. */
  readonly receipt: number;
}

/** A receipt as text. */
export function receiptOf(byte: number): string {
  return `${byte.toString(16).padStart(2, "0")}000000-0000-0000-0000-000000000000`;
}

/** A fact block of records of identity, as the worker writes them: erasures, then decisions. */
export function recordBlock(
  erased: readonly Erased[],
  decided: readonly { anonymousId: string; userId: string; generation: number }[] = [],
  tenant = "default",
): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  row.tenant = dictionaries.tenants.internText(tenant);
  const setKey = (key: string, anonymous: boolean): void => {
    row.user = new TextEncoder().encode(key);
    row.userLength = row.user.length;
    row.flags = anonymous ? FLAG_ANONYMOUS : 0;
  };
  const append = (record: Partial<IdentityRecord>, user: string | undefined): void => {
    const hasUser = user !== undefined;
    fillIdentityRow(row, { ...emptyIdentityRecord(), ...record, hasUser }, T0);
    writer.append(row);
    if (!hasUser) return;
    setKey(user, false);
    fillUserRow(row, T0);
    writer.append(row);
  };
  for (const { key, anonymous = false, owner, linked = true, receipt, generation = 0 } of erased) {
    setKey(key, anonymous);
    const bytes = new Uint8Array(16);
    bytes[0] = receipt;
    append({ kind: IDENTITY_ERASE, linked, generation, receipt: bytes }, owner);
  }
  for (const { anonymousId, userId, generation } of decided) {
    setKey(anonymousId, true);
    const linked = userId !== "";
    append({ kind: IDENTITY_DECISION, linked, generation, time: T0 }, linked ? userId : "u0");
  }
  return writer.finish();
}

/** Runs what reads a block, which may fail with `block_undecodable` and no other error. */
export function expectDecodes(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof WarehouseError) || error.code !== "block_undecodable") throw error;
  }
}

import { Buffer } from "node:buffer";
import { creditResult, resultValue, type ResultCredits } from "@tributary/attribution";
import {
  createRowDictionaries,
  EVENT_TYPES,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  formatDecimal,
  formatUuid,
  isWithdrawn,
  ProtocolError,
  readRareFields,
  readResultBlock,
  type ResultBlock,
  REVISION_REASONS,
  type RowDictionaries,
} from "@tributary/protocol";
import { conversionKey, entryTimeMs } from "@tributary/streams";
import { decodeTraceContext, formatTraceparent, TRACE_CONTEXT_BYTES } from "@tributary/telemetry";
import { type Delivery, deliveryId, ticketOf } from "../delivery/delivery.ts";
import { bodyOf, type DeliveredConversion, type DeliveredTouchpoint } from "../delivery/payload.ts";

/** Deliveries of a traced block that go on with its trace: the results of a batch that are described there. */
const MAX_TRACED = 32;

/** What a block's rows are read with. */
interface Reading {
  readonly result: ResultBlock;
  readonly dictionaries: RowDictionaries;
  readonly attributedAt: number;
  readonly traceId: string;
}

/**
 * Makes a result block into deliveries, in its order, with money and credits shared out exactly as the warehouse does.
 * @param wanted tenants with a receiver; the others' results are left out
 * @param entry ID of the block's stream entry @param seed of the dictionaries' hash, secret
 * @throws ProtocolError, AttributionError for bytes that are no such block
 */
export function* deliveriesOf(
  block: Uint8Array,
  entry: string,
  wanted: { has(tenant: string): boolean },
  seed: number,
): Generator<Delivery> {
  const dictionaries = createRowDictionaries(seed);
  // A Buffer's `slice` does not copy, and this is a view of what the socket was read into.
  const bytes = new Uint8Array(block.buffer, block.byteOffset, block.length);
  const result = readResultBlock(bytes, dictionaries);
  const context = decodeTraceContext(result.conversions.traces.subarray(0, TRACE_CONTEXT_BYTES));
  const traceparent = context === undefined ? "" : (formatTraceparent(context) ?? "");
  const attributedAt = entryTimeMs(entry);
  const reading = { result, dictionaries, attributedAt, traceId: context?.traceId ?? "" };
  const row = new EventRow();
  const touch = new EventRow();
  let firstWeight = 0;
  for (let i = 0; result.conversions.next(row); i += 1) {
    const tenant = dictionaries.tenants.text(row.tenant);
    const touches = result.touchCounts[i] ?? 0;
    const touchpoints: DeliveredTouchpoint[] = [];
    for (let index = 1; index <= touches; index += 1) {
      if (!result.touches.next(touch)) throw malformed("fewer touchpoints than counted");
      if (wanted.has(tenant)) touchpoints.push(touchpointOf(touch, index, dictionaries));
    }
    // A duplicate that never was a conversion of its own was never sent: there is nothing to withdraw.
    const isKnown = !isWithdrawn(result.reasons[i]) || (result.revisions[i] ?? 0) > 0;
    if (wanted.has(tenant) && isKnown) {
      const data = conversionOf(reading, row, i, touchpoints, firstWeight);
      const id = deliveryId(data);
      yield {
        tenant,
        id,
        ticket: ticketOf(data, id),
        generation: data.generation,
        body: bodyOf(data),
        traceparent: i < MAX_TRACED ? traceparent : "",
      };
    }
    firstWeight += touches * result.models.length;
  }
}

function conversionOf(
  { result, dictionaries, attributedAt, traceId }: Reading,
  row: EventRow,
  index: number,
  touchpoints: DeliveredTouchpoint[],
  firstWeight: number,
): DeliveredConversion {
  const rare = readRareFields(row);
  const reason = REVISION_REASONS[result.reasons[index] ?? 0];
  if (reason === undefined) throw malformed(`reason ${result.reasons[index]}`);
  const value = resultValue(result.values[index] ?? "");
  const shared: ResultCredits<string> = { models: [], touches: [], shares: [], values: [] };
  const models = isWithdrawn(result.reasons[index]) ? [] : result.models;
  creditResult(shared, models, result.weights, value, touchpoints.length, firstWeight);
  const tenant = dictionaries.tenants.text(row.tenant);
  const id = idOf(row);
  const userKey = userOf(row);
  const anonymous = (row.flags & FLAG_ANONYMOUS) !== 0;
  const anonymousId = result.anonymousIds[index] ?? "";
  const sent =
    anonymousId === "" ? { userKey, anonymous } : { userKey: anonymousId, anonymous: true };
  return {
    tenant,
    key: conversionKey({ tenant, id, ...sent }),
    id,
    orderId: rare.orderId,
    name: rare.name,
    time: row.time,
    userKey,
    anonymous,
    value: formatDecimal(value),
    currency: rare.currency,
    generation: result.generations[index] ?? 0,
    revision: result.revisions[index] ?? 0,
    reason,
    attributedAt,
    traceId,
    touchpoints,
    credits: shared.models.map((model, i) => ({
      model,
      touch: shared.touches[i] ?? 0,
      credit: formatDecimal(shared.shares[i] ?? 0n),
      value: formatDecimal(shared.values[i] ?? 0n),
    })),
  };
}

function touchpointOf(
  row: EventRow,
  index: number,
  dictionaries: RowDictionaries,
): DeliveredTouchpoint {
  const [source = "", medium = "", campaign = "", term = "", content = "", channel = ""] =
    dictionaries.dimensions.map((dictionary, d) => {
      const code = row.dimensions[d] ?? 0;
      return code === 0 ? "" : dictionary.text(code);
    });
  return {
    index,
    id: idOf(row),
    type: EVENT_TYPES[row.flags & FLAG_TYPE_MASK] ?? "",
    time: row.time,
    source,
    medium,
    campaign,
    term,
    content,
    channel,
  };
}

function malformed(what: string): ProtocolError {
  return new ProtocolError("entry_malformed", what);
}

function idOf(row: EventRow): string {
  if ((row.flags & FLAG_ID_UUID) !== 0) return formatUuid(row.id, row.idStart);
  return textOf(row.id, row.idStart, row.idLength);
}

function userOf(row: EventRow): string {
  if ((row.flags & FLAG_USER_UUID) !== 0) return formatUuid(row.user, row.userStart);
  return textOf(row.user, row.userStart, row.userLength);
}

function textOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("utf8");
}

import { creditAll, DEFAULT_MODEL_OPTIONS, MODEL_NAMES } from "@tributary/attribution";
import {
  BatchScanner,
  createRowDictionaries,
  type EventRow,
  packEvents,
  REASON_FIRST,
  ResultWriter,
  type RowDictionaries,
  type TributaryEvent,
} from "@tributary/protocol";

export const T0 = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;

/** A result of a conversion of a user with some clicks. */
export interface Result {
  readonly tenant?: string;
  readonly id?: string;
  readonly value?: string;
  readonly revision?: number;
  readonly reason?: number;
  readonly generation?: number;
  readonly clicks?: number;
  readonly userId?: string;
  /** That it was sent under, where it is the user's by a link. */
  readonly anonymousId?: string;
}

function scan(
  events: readonly TributaryEvent[],
  dictionaries: RowDictionaries,
  tenant: string,
  sink: (row: EventRow) => void,
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

/** A result block as the worker writes it. @param trace 25 bytes */
export function resultBlock(results: readonly Result[], trace?: Uint8Array): Uint8Array {
  const dictionaries = createRowDictionaries(2);
  const writer = new ResultWriter(MODEL_NAMES, dictionaries);
  for (const result of results) {
    const { tenant = "default", id = "c1", value = "100", clicks = 3 } = result;
    const { revision = 0, reason = REASON_FIRST, generation = 0 } = result;
    const { userId = `user of ${id}`, anonymousId = "" } = result;
    const user = { userId };
    const worth = value === "" ? {} : { value, currency: "EUR" };
    const order = { orderId: `order-${id}`, ...worth, name: "purchase" };
    const conversion: TributaryEvent = { id, type: "conversion", time: T0, ...user, ...order };
    scan([conversion], dictionaries, tenant, (row) =>
      writer.conversion(row, value, revision, reason, clicks, generation, anonymousId),
    );
    if (clicks === 0) continue;
    const touches = Array.from({ length: clicks }, (_, i): TributaryEvent => {
      const time = T0 - (clicks - i) * 60_000;
      return {
        id: `${id}-click-${i}`,
        type: "click",
        time,
        campaign: `k${i}`,
        channel: "email",
        ...user,
      };
    });
    scan(touches, dictionaries, tenant, (row) => writer.touch(row));
    const weights = new Float64Array(MODEL_NAMES.length * clicks);
    const path = {
      length: clicks,
      ageMs: Float64Array.from(touches, (touch) => T0 - touch.time),
      isDirect: new Uint8Array(clicks),
    };
    creditAll(path, DEFAULT_MODEL_OPTIONS, weights);
    writer.weights(weights, weights.length);
  }
  if (trace !== undefined) writer.trace(trace);
  return writer.finish();
}

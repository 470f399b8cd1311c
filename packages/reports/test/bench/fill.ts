import { DEFAULT_JOURNEY_OPTIONS, PartitionState, seededRandom } from "@tributary/attribution";
import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  EventRow,
  packEvents,
  type RowDictionaries,
  type TributaryEvent,
} from "@tributary/protocol";
import { FactRows, ResultRows, type RowBatch, type WarehouseEngine } from "@tributary/warehouse";

/** What a warehouse is filled with. */
export interface FillOptions {
  readonly touchpoints: number;
  readonly conversions: number;
  /** Of the generated traffic. */
  readonly seed: number;
}

export const START_MS = 1_790_000_000_000;
export const DAYS = 60;
const DAY_MS = 86_400_000;
const BATCH_TOUCHES = 16_384;
/** Rows are inserted when they have so many bytes, as the loader does under a backlog. */
const INSERT_BYTES = 32 << 20;

/** Touchpoints of a user who converts, and of one who does not. */
const CONVERTER_TOUCHES = 8;
const OTHER_TOUCHES = 4;
const CONVERSIONS_PER_CONVERTER = 1.25;

const CHANNELS = ["paid_search", "email", "direct", "organic_search", "paid_social", "referral"];
const CURRENCIES = ["EUR", "EUR", "EUR", "USD", "JPY"];
/** No two users below KEYS have the same key: the two have no factor in common. */
const KEYS = 1_000_000_000;
const KEY_STEP = 618_033_989;

const CLICK = 1;
const IMPRESSION = 0;
const UUID_ID = 0x10;

/**
 * Fills a warehouse as the platform does: events in the order of their time, users interleaved, through the worker's
 * PartitionState and the loader's rows. One in four touchpoints is an impression.
 * @returns touchpoints of users who convert
 */
export async function fillWarehouse(
  engine: WarehouseEngine,
  options: FillOptions,
): Promise<number> {
  const traffic = new Traffic(options);
  const state = new PartitionState(
    { ...DEFAULT_JOURNEY_OPTIONS, latenessMs: 400 * DAY_MS },
    options.seed + 1,
  );
  const facts = new FactRows(1);
  const results = new ResultRows(1);
  let batch = 0;
  const flush = async (least: number): Promise<void> => {
    for (const rows of [facts, results]) {
      if (rows.finish().bytes.length < least) continue;
      await insert(engine, rows.finish());
      rows.clear();
    }
  };
  for (const entries of traffic.entries()) {
    const outcome = state.process(entries);
    const position = `${START_MS + batch}-0`;
    if (outcome.facts !== undefined) facts.add(outcome.facts, 0, position);
    for (const { bytes } of outcome.results) results.add(bytes, 0, position);
    batch += 1;
    await flush(INSERT_BYTES);
  }
  await flush(1);
  return traffic.converterTouches;
}

async function insert(engine: WarehouseEngine, { table, columns, bytes }: RowBatch): Promise<void> {
  await engine.insertRowBinary(table, columns, bytes);
}

/** Users who convert lie among the others in the order of the keys, as they do in life. */
function userKey(user: number): string {
  return `u${String((user * KEY_STEP) % KEYS).padStart(9, "0")}`;
}

class Traffic {
  readonly #options: FillOptions;
  readonly #random: () => number;
  readonly #dictionaries: RowDictionaries = createRowDictionaries(7);
  readonly #writer = new EntryWriter(this.#dictionaries);
  readonly #scanner = new BatchScanner(this.#dictionaries);
  readonly #row = new EventRow();
  readonly #id = new Uint8Array(16);
  readonly #idWords = new Uint32Array(this.#id.buffer);
  converterTouches = 0;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#row.tenant = this.#dictionaries.tenants.internText("default");
  }

  /** Entries of one batch after the other. */
  *entries(): Generator<Uint8Array[]> {
    const { touchpoints, conversions } = this.#options;
    const converters = Math.max(1, Math.round(conversions / CONVERSIONS_PER_CONVERTER));
    const ofConverters = Math.min(0.5, (converters * CONVERTER_TOUCHES) / touchpoints);
    const others = Math.max(1, Math.round((touchpoints * (1 - ofConverters)) / OTHER_TOUCHES));
    let purchased = 0;
    for (let from = 0; from < touchpoints; from += BATCH_TOUCHES) {
      const to = Math.min(from + BATCH_TOUCHES, touchpoints);
      for (let i = from; i < to; i += 1)
        this.#touch(i / touchpoints, ofConverters, converters, others);
      const entry = this.#writer.finish();
      const upTo = Math.round((to / touchpoints) * conversions);
      const purchases: TributaryEvent[] = [];
      for (; purchased < upTo; purchased += 1) {
        purchases.push(this.#purchase(purchased, to / touchpoints, converters));
      }
      yield purchases.length === 0 ? [entry] : [entry, this.#pack(purchases)];
    }
  }

  #touch(progress: number, ofConverters: number, converters: number, others: number): void {
    const row = this.#row;
    const random = this.#random;
    const converts = random() < ofConverters;
    if (converts) this.converterTouches += 1;
    const user = userKey(
      converts ? Math.floor(random() * converters) : converters + Math.floor(random() * others),
    );
    for (let w = 0; w < 4; w += 1) this.#idWords[w] = random() * 2 ** 32;
    row.flags = (random() < 0.25 ? IMPRESSION : CLICK) | UUID_ID;
    row.time = START_MS + Math.floor(progress * DAYS * DAY_MS);
    row.id = this.#id;
    row.idLength = 16;
    row.user = Buffer.from(user);
    row.userLength = user.length;
    const campaign = Math.floor(random() ** 2 * 300);
    row.dimensions[0] = this.#code(0, `source-${campaign % 12}`);
    row.dimensions[1] = this.#code(1, `medium-${campaign % 5}`);
    row.dimensions[2] = this.#code(2, `campaign-${campaign}`);
    row.dimensions[5] = this.#code(5, CHANNELS[Math.floor(random() ** 2 * CHANNELS.length)] ?? "");
    this.#writer.append(row);
  }

  #code(dimension: number, text: string): number {
    return this.#dictionaries.dimensions[dimension]?.internText(text) ?? 0;
  }

  #purchase(index: number, progress: number, converters: number): TributaryEvent {
    const random = this.#random;
    return {
      id: `conversion-${index}`,
      type: "conversion",
      time: START_MS + Math.floor(progress * DAYS * DAY_MS),
      userId: userKey(Math.floor(random() * converters)),
      name: random() < 0.8 ? "purchase" : "lead",
      value: (Math.floor(random() * 20_000) / 100).toFixed(2),
      currency: CURRENCIES[Math.floor(random() * CURRENCIES.length)] ?? "EUR",
      orderId: `order-${index}`,
    };
  }

  #pack(events: readonly TributaryEvent[]): Uint8Array {
    const options = {
      now: START_MS + 2 * DAYS * DAY_MS,
      tenant: this.#row.tenant,
      maxEvents: 65_535,
      maxEventBytes: 65_536,
      maxFutureMs: DAYS * DAY_MS,
      clockToleranceMs: 0,
      maxTransitMs: 3_300_000,
    };
    const { refused } = this.#scanner.scan(packEvents(events), options, (row) =>
      this.#writer.append(row),
    );
    if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
    return this.#writer.finish();
  }
}

import {
  CHANNEL_DIMENSION,
  createRowDictionaries,
  DIMENSION_COUNT,
  type Dictionary,
  type RowDictionaries,
} from "@tributary/protocol";
import { CHANNELS } from "../../channel/channels.ts";
import type { ChannelSettings } from "../../channel/tenant-rules.ts";
import { DimensionTuples, OTHER_CODE, TUPLE_BYTES } from "../tables/dimension-tuples.ts";
import { BatchInHand } from "./batch-in-hand.ts";
import { ChannelNamer } from "./channel-namer.ts";
import { OriginReader } from "./origin-reader.ts";
import { TupleSignatures } from "./tuple-signatures.ts";

/** Stands for the values of a dimension that a vocabulary does not hold. */
export const OTHER_VALUE = "(other)";
export const DEFAULT_VOCABULARY_BYTES = 128 * 2 ** 20;
/** Parts of the bound: each UTM dimension's strings, the channels', the combinations. The rest is for those of channels alone. */
const DIMENSION_SHARE = 1 / 8;
const CHANNEL_SHARE = 1 / 64;
const TUPLES_SHARE = 1 / 4;

/**
 * The strings of facts, their combinations, and the channels of those. Partitions that share one find in the cache what they
 * look up: the same campaigns are in all of them.
 *
 * It is bounded: a campaign's text may be another with each event. Beyond the bound "(other)" stands for further values of a
 * dimension, in memory and in results. Facts keep their text in the fact log, and channels are named by the full text.
 */
export class Vocabulary {
  readonly dictionaries: RowDictionaries;
  readonly tuples: DimensionTuples;
  readonly channels: ChannelNamer;
  readonly signatures: TupleSignatures;
  readonly origins: OriginReader;
  readonly batch = new BatchInHand();
  /** By dimension: values of the batch's new facts for which "(other)" stands. */
  readonly #overflowed = new Float64Array(DIMENSION_COUNT);

  /**
   * @param seed secret whole number below 2^53, for tables keyed by strangers' strings
   * @param channels rules of tenants that have their own
   * @param maxBytes bound on {@link byteLength}, beside what is always held: channels and tenants
   */
  constructor(
    seed: number,
    channels: ReadonlyMap<string, ChannelSettings> = new Map(),
    maxBytes = DEFAULT_VOCABULARY_BYTES,
  ) {
    this.dictionaries = createRowDictionaries(seed);
    const { dimensions } = this.dictionaries;
    const maxTuples = Math.floor((maxBytes * TUPLES_SHARE) / TUPLE_BYTES);
    this.tuples = new DimensionTuples(seed, dimensions, maxTuples);
    for (const dictionary of dimensions) {
      if (dictionary.internText(OTHER_VALUE) !== OTHER_CODE) throw new Error("not the first code");
    }
    const channelNames = dimensions[CHANNEL_DIMENSION] as Dictionary;
    for (const channel of CHANNELS) channelNames.internText(channel);
    for (const { rules, direct = [], names } of channels.values()) {
      for (const { channel } of rules) channelNames.internText(channel);
      for (const channel of direct) channelNames.internText(channel);
      for (const name of Object.values(names?.aliases.channel ?? {})) channelNames.internText(name);
    }
    this.channels = new ChannelNamer(this.dictionaries, this.tuples, channels);
    this.signatures = new TupleSignatures(this.dictionaries, this.tuples);
    const { directCode } = this.channels;
    this.origins = new OriginReader(this.dictionaries, this.tuples, this.signatures, directCode);
    for (const [d, dictionary] of dimensions.entries()) {
      dictionary.limit(maxBytes * (d === CHANNEL_DIMENSION ? CHANNEL_SHARE : DIMENSION_SHARE));
    }
  }

  /** Begins a batch: forgets the strings of the one before that are beyond the bound. */
  begin(): void {
    for (const dictionary of this.dictionaries.dimensions) {
      if (dictionary.size > dictionary.held) dictionary.forgetTransient();
    }
    this.#overflowed.fill(0);
    this.batch.factBlock.clear();
  }

  /** Makes an entry the one in hand. @throws ProtocolError where no event of it can be read */
  read(entry: Uint8Array): void {
    const { columns } = this.batch;
    columns.read(entry, this.dictionaries);
    this.batch.reserve(columns.count);
    this.tuples.internAll(columns, this.batch.tuples);
  }

  /** Appends events of the entry in hand to the fact block. @param to exclusive */
  appendFacts(from: number, to: number): void {
    const { columns, factBlock, tuples } = this.batch;
    if (this.tuples.overflows) this.#spell(from, to);
    factBlock.append(columns, from, to, tuples);
  }

  /** The fact block's bytes; undefined where it has no facts. @param trace context (25 bytes) that it carries */
  finishFacts(trace: Uint8Array | undefined): Uint8Array | undefined {
    const { factBlock } = this.batch;
    if (factBlock.count === 0) return undefined;
    return factBlock.finish(this.dictionaries, this.tuples.codes, trace);
  }

  /** By dimension: values of the batch's new facts for which "(other)" stands. */
  get overflowed(): number[] {
    return [...this.#overflowed];
  }

  /** Strings and combinations of strings held. */
  get size(): number {
    const { tenants, dimensions } = this.dictionaries;
    return dimensions.reduce((sum, { held }) => sum + held, tenants.size + this.tuples.size);
  }

  /** Memory of the strings and combinations, bytes: an estimate, for accounting. */
  get byteLength(): number {
    const { tenants, dimensions } = this.dictionaries;
    const strings = dimensions.reduce(
      (sum, { byteLength }) => sum + byteLength,
      tenants.byteLength,
    );
    return strings + this.tuples.byteLength;
  }

  /** Gives the fact block the texts that the events' combinations do not have. */
  #spell(from: number, to: number): void {
    const { columns, factBlock, tuples } = this.batch;
    for (let i = from; i < to; i += 1) {
      for (let d = 0; d < DIMENSION_COUNT; d += 1) {
        const code = columns.dimensions[d]?.[i] as number;
        if (code === 0 || code === this.tuples.code(tuples[i] as number, d)) continue;
        factBlock.override(i - from, d, code);
        this.#overflowed[d] = (this.#overflowed[d] as number) + 1;
      }
    }
  }
}

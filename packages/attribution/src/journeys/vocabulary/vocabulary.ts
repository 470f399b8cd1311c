import { createRowDictionaries, type RowDictionaries } from "@tributary/protocol";
import type { ChannelSettings } from "../../channel/tenant-rules.ts";
import { DimensionTuples } from "../tables/dimension-tuples.ts";
import { BatchInHand } from "./batch-in-hand.ts";
import { ChannelNamer } from "./channel-namer.ts";

/**
 * The strings of facts, their combinations, and the channels of those. Partitions that share one find what they look up
 * in the cache: the same campaigns are in all of them. It only grows, so that partitions which are rebuilt should begin
 * another when it has become large.
 */
export class Vocabulary {
  readonly dictionaries: RowDictionaries;
  readonly tuples: DimensionTuples;
  readonly channels: ChannelNamer;
  readonly batch = new BatchInHand();

  /**
   * @param seed secret whole number below 2^53, for tables keyed by strangers' strings
   * @param channels rules of tenants that have their own
   */
  constructor(seed: number, channels: ReadonlyMap<string, ChannelSettings> = new Map()) {
    this.dictionaries = createRowDictionaries(seed);
    this.tuples = new DimensionTuples(seed);
    this.channels = new ChannelNamer(this.dictionaries, this.tuples, channels);
  }

  /** Makes an entry the one in hand. @throws ProtocolError where no event of it can be read */
  read(entry: Uint8Array): void {
    const { columns } = this.batch;
    columns.read(entry, this.dictionaries);
    this.batch.reserve(columns.count);
    this.tuples.internAll(columns, this.batch.tuples);
  }

  /** Strings and combinations of strings held. */
  get size(): number {
    const { tenants, dimensions } = this.dictionaries;
    return dimensions.reduce((sum, { size }) => sum + size, tenants.size + this.tuples.size);
  }
}

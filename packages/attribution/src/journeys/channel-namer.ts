import {
  CHANNEL_DIMENSION,
  type Dictionary,
  type EventRow,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  readRareFields,
  type RowDictionaries,
  TYPE_IMPRESSION,
} from "@tributary/protocol";
import { classifyChannel, utmFromUrl } from "../channel/classify.ts";
import type { DimensionTuples } from "./dimension-tuples.ts";

/**
 * Names the channels of a partition's touchpoints. A touchpoint without referrer and url depends on its kind and
 * dimensions alone, of which there are few combinations: each is classified once.
 */
export class ChannelNamer {
  readonly #dictionaries: RowDictionaries;
  readonly #channels: Dictionary;
  readonly #tuples: DimensionTuples;
  /** Channel codes by combination of dimensions as sent: of clicks and visits, and of impressions. */
  readonly #known = [new Map<number, number>(), new Map<number, number>()] as const;
  /** Code of the channel `direct`. */
  readonly directCode: number;

  /** @param tuples that combinations are interned in */
  constructor(dictionaries: RowDictionaries, tuples: DimensionTuples) {
    const channels = dictionaries.dimensions[CHANNEL_DIMENSION];
    if (channels === undefined) throw new Error("there is no channel dictionary");
    this.#dictionaries = dictionaries;
    this.#channels = channels;
    this.#tuples = tuples;
    this.directCode = channels.internText("direct");
  }

  /** Sets the row's channel where it came without one, and the UTM dimensions that only its url carries. */
  name(row: EventRow): void {
    const { dimensions } = row;
    if (dimensions[CHANNEL_DIMENSION] !== 0) return;
    if ((row.flags & FLAG_RARE) !== 0) {
      dimensions[CHANNEL_DIMENSION] = this.#classify(row);
      return;
    }
    const isImpression = (row.flags & FLAG_TYPE_MASK) === TYPE_IMPRESSION;
    const known = this.#known[isImpression ? 1 : 0];
    const tuple = this.#tuples.intern(dimensions);
    let code = known.get(tuple);
    if (code === undefined) {
      code = this.#classify(row);
      known.set(tuple, code);
    }
    dimensions[CHANNEL_DIMENSION] = code;
  }

  #classify(row: EventRow): number {
    const codes = row.dimensions;
    const { dimensions } = this.#dictionaries;
    const rare = (row.flags & FLAG_RARE) === 0 ? undefined : readRareFields(row);
    if (rare !== undefined && rare.url !== "") {
      const utm = utmFromUrl(rare.url);
      const found = [utm.source, utm.medium, utm.campaign, utm.term, utm.content];
      for (const [i, text] of found.entries()) {
        if (codes[i] === 0 && text !== undefined) codes[i] = dimensions[i]?.internText(text) ?? 0;
      }
    }
    const text = (i: number): string | undefined =>
      codes[i] === 0 ? undefined : dimensions[i]?.text(codes[i] as number);
    const { channel } = classifyChannel({
      type: (row.flags & FLAG_TYPE_MASK) === TYPE_IMPRESSION ? "impression" : "click",
      channel: undefined,
      source: text(0),
      medium: text(1),
      campaign: text(2),
      referrer: rare?.referrer === "" ? undefined : rare?.referrer,
      url: rare?.url === "" ? undefined : rare?.url,
    });
    return this.#channels.internText(channel);
  }
}

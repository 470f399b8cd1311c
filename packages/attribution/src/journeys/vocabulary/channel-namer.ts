import {
  CHANNEL_DIMENSION,
  type Dictionary,
  type EntryColumns,
  EventRow,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  readRareFields,
  type RowDictionaries,
  TYPE_IMPRESSION,
} from "@tributary/protocol";
import { classifyChannel, utmFromUrl } from "../../channel/classify.ts";
import { type ChannelSettings, TenantRules } from "../../channel/tenant-rules.ts";
import type { DimensionTuples } from "../tables/dimension-tuples.ts";

/** Channels by some rules. */
interface Known {
  readonly rules: TenantRules | undefined;
  /** Named combinations by combination as sent, counted from 1: of clicks and visits, and of impressions. */
  readonly tuples: Int32Array[];
}

/**
 * Names the channels of a partition's touchpoints. A touchpoint without referrer and url depends on its kind and
 * dimensions alone, of which there are few combinations: each is classified once.
 */
export class ChannelNamer {
  readonly #dictionaries: RowDictionaries;
  readonly #channels: Dictionary;
  readonly #tuples: DimensionTuples;
  readonly #settings: ReadonlyMap<string, ChannelSettings>;
  /** Names by the common rules, and by tenant code, by the rules of tenants that have their own. */
  readonly #common = known(undefined);
  readonly #own: Known[] = [];
  readonly #row = new EventRow();
  /** Code of the channel `direct`. */
  readonly directCode: number;

  /** @param tuples that combinations are interned in @param settings of tenants that have their own rules */
  constructor(
    dictionaries: RowDictionaries,
    tuples: DimensionTuples,
    settings: ReadonlyMap<string, ChannelSettings>,
  ) {
    this.#settings = settings;
    const channels = dictionaries.dimensions[CHANNEL_DIMENSION];
    if (channels === undefined) throw new Error("there is no channel dictionary");
    this.#dictionaries = dictionaries;
    this.#channels = channels;
    this.#tuples = tuples;
    this.directCode = channels.internText("direct");
  }

  /**
   * The combination of dimensions that a touchpoint has with its channel, where it came without one, and with the UTM
   * dimensions that only its url carries. @param tuple the combination as it came
   */
  name(columns: EntryColumns, index: number, tuple: number): number {
    const flags = columns.flags[index] as number;
    const names =
      this.#settings.size === 0 ? this.#common : this.#knownOf(columns.tenants[index] as number);
    const { rules } = names;
    // Several texts share a combination that stands for more than it has.
    if ((flags & FLAG_RARE) !== 0 || this.#tuples.overflows)
      return this.#classified(columns, index, tuple, rules);
    const kind = (flags & FLAG_TYPE_MASK) === TYPE_IMPRESSION ? 1 : 0;
    const named = names.tuples[kind]?.[tuple] ?? 0;
    if (named !== 0) return named - 1;
    const found = this.#classified(columns, index, tuple, rules);
    remember(names, kind, tuple, found + 1);
    return found;
  }

  #knownOf(tenant: number): Known {
    let names = this.#own[tenant];
    if (names === undefined) {
      const settings = this.#settings.get(this.#dictionaries.tenants.text(tenant));
      names = settings === undefined ? this.#common : known(new TenantRules(settings));
      this.#own[tenant] = names;
    }
    return names;
  }

  #classified(
    columns: EntryColumns,
    index: number,
    tuple: number,
    rules: TenantRules | undefined,
  ): number {
    if (this.#tuples.code(tuple, CHANNEL_DIMENSION) !== 0) return tuple;
    const row = this.#row;
    columns.load(index, row);
    row.dimensions[CHANNEL_DIMENSION] = this.#classify(row, rules);
    const named = this.#tuples.intern(row.dimensions);
    if (this.#tuples.overflows) complete(columns, index, row.dimensions);
    return named;
  }

  #classify(row: EventRow, rules: TenantRules | undefined): number {
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
    const signal = {
      type: (row.flags & FLAG_TYPE_MASK) === TYPE_IMPRESSION ? "impression" : "click",
      channel: undefined,
      source: text(0),
      medium: text(1),
      campaign: text(2),
      referrer: rare?.referrer === "" ? undefined : rare?.referrer,
      url: rare?.url === "" ? undefined : rare?.url,
    };
    return this.#channels.internText(classifyChannel(signal, rules).channel);
  }
}

/** Adds the dimensions that only the url carries to the event: its combination may not have their text. */
function complete(columns: EntryColumns, index: number, codes: Int32Array): void {
  for (const [d, column] of columns.dimensions.entries()) {
    if (d === CHANNEL_DIMENSION || column[index] !== 0 || codes[d] === 0) continue;
    column[index] = codes[d] as number;
    columns.hasDimension[d] = 1;
  }
}

function known(rules: TenantRules | undefined): Known {
  return { rules, tuples: [new Int32Array(256), new Int32Array(256)] };
}

function remember({ tuples }: Known, kind: number, tuple: number, named: number): void {
  let list = tuples[kind] as Int32Array;
  if (tuple >= list.length) {
    const grown = new Int32Array(Math.max(list.length * 2, tuple + 1));
    grown.set(list);
    tuples[kind] = grown;
    list = grown;
  }
  list[tuple] = named;
}

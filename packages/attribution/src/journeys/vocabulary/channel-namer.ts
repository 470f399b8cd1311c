import {
  CHANNEL_DIMENSION,
  DIMENSION_COUNT,
  DIMENSION_FIELDS,
  type Dictionary,
  type EntryColumns,
  EventRow,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  readRareFields,
  type RowDictionaries,
  TYPE_IMPRESSION,
  TYPE_VISIT,
} from "@tributary/protocol";
import { linkChannelOf } from "../../arrivals/origin.ts";
import { DIRECT_CHANNELS } from "../../channel/channels.ts";
import { classifyChannel, utmFromUrl } from "../../channel/classify.ts";
import type { Names } from "../../channel/names.ts";
import { type ChannelSettings, TenantRules } from "../../channel/tenant-rules.ts";
import { type DimensionTuples, OTHER_CODE } from "../tables/dimension-tuples.ts";

/** Named combinations that are remembered by the rules of one tenant. A power of two. */
const REMEMBERED = 4096;

/** Names by the rules of a tenant that has its own: by combination and kind, as many as there is room for. */
class TenantNames {
  readonly rules: TenantRules;
  /** Codes of the channels that last_non_direct passes over. */
  readonly direct: readonly number[];
  /** The combination and kind in a place, counted from 1, and the combination with its channel. */
  readonly #keys = new Int32Array(REMEMBERED);
  readonly #named = new Int32Array(REMEMBERED);
  /** The combination in a place, counted from 1, and the one whose names are those that it stands for. */
  readonly #written = new Int32Array(REMEMBERED);
  readonly #folded = new Int32Array(REMEMBERED);

  constructor(settings: ChannelSettings, channels: Dictionary) {
    this.rules = new TenantRules(settings);
    this.direct = (settings.direct ?? DIRECT_CHANNELS).map((name) => channels.internText(name));
  }

  /** @returns −1 where it is not remembered */
  find(tuple: number, kind: number): number {
    const key = tuple * 2 + kind;
    const place = key & (REMEMBERED - 1);
    return this.#keys[place] === key + 1 ? (this.#named[place] as number) : -1;
  }

  set(tuple: number, kind: number, named: number): void {
    const key = tuple * 2 + kind;
    const place = key & (REMEMBERED - 1);
    this.#keys[place] = key + 1;
    this.#named[place] = named;
  }

  /** @returns −1 where it is not remembered */
  findFolded(tuple: number): number {
    const place = tuple & (REMEMBERED - 1);
    return this.#written[place] === tuple + 1 ? (this.#folded[place] as number) : -1;
  }

  setFolded(tuple: number, folded: number): void {
    const place = tuple & (REMEMBERED - 1);
    this.#written[place] = tuple + 1;
    this.#folded[place] = folded;
  }
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
  /** Names by the common rules: combinations with their channel by combination as sent, counted from 1, by kind. */
  readonly #common = [new Int32Array(256), new Int32Array(256)];
  /** By the tenant's code; undefined for one that has no rules of its own. */
  readonly #own: (TenantNames | undefined)[] = [];
  readonly #row = new EventRow();
  readonly #foldedCodes = new Int32Array(DIMENSION_COUNT);
  /** Code of the channel `direct`. */
  readonly directCode: number;
  readonly #direct: readonly number[];

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
    this.#direct = DIRECT_CHANNELS.map((name) => channels.internText(name));
  }

  /** Codes of the channels that last_non_direct passes over, of a tenant by its code. */
  directOf(tenant: number): readonly number[] {
    const own = this.#settings.size === 0 ? undefined : this.#ownOf(tenant);
    return own?.direct ?? this.#direct;
  }

  /**
   * The combination of dimensions that a touchpoint has with its channel, where it came without one, and with the UTM
   * dimensions that only its url carries. @param tuple the combination as it came
   */
  name(columns: EntryColumns, index: number, tuple: number): number {
    const flags = columns.flags[index] as number;
    const own =
      this.#settings.size === 0 ? undefined : this.#ownOf(columns.tenants[index] as number);
    if ((flags & FLAG_RARE) !== 0 || !this.#isWhole(columns, index, tuple)) {
      return this.#classified(columns, index, tuple, own?.rules);
    }
    const kind = (flags & FLAG_TYPE_MASK) === TYPE_IMPRESSION ? 1 : 0;
    const named =
      own === undefined ? (this.#common[kind]?.[tuple] ?? 0) - 1 : own.find(tuple, kind);
    if (named >= 0) return named;
    const found = this.#classified(columns, index, tuple, own?.rules);
    // What was named with less than its text is named anew each time, so that the fact block gets the text.
    if (this.#tuples.overflows) return found;
    if (own === undefined) this.#remember(kind, tuple, found + 1);
    else own.set(tuple, kind, found);
    return found;
  }

  /**
   * The combination of the names that a touchpoint's names stand for, which paths and credits have. Facts keep the names as they
   * were sent, so that what is restored is folded by the settings of today.
   * @param tenant its code @param tuple the combination that {@link name} gives, or a fact's
   */
  folded(tenant: number, tuple: number): number {
    if (this.#settings.size === 0) return tuple;
    const own = this.#ownOf(tenant);
    if (own?.rules.names === undefined) return tuple;
    const known = own.findFolded(tuple);
    if (known >= 0) return known;
    const found = this.#fold(tuple, own.rules.names);
    own.setFolded(tuple, found);
    return found;
  }

  #fold(tuple: number, names: Names): number {
    const codes = this.#foldedCodes;
    this.#tuples.load(tuple, codes);
    for (const [d, field] of DIMENSION_FIELDS.entries()) {
      const code = codes[d] as number;
      if (code <= OTHER_CODE || !names.changes(field)) continue;
      const dictionary = this.#dictionaries.dimensions[d] as Dictionary;
      const text = names.of(field, dictionary.text(code));
      codes[d] = text === "" ? 0 : dictionary.internText(text);
    }
    return this.#tuples.intern(codes);
  }

  /** Whether a combination has all texts of its event: several events share one that has not. */
  #isWhole({ dimensions }: EntryColumns, index: number, tuple: number): boolean {
    if (!this.#tuples.overflows) return true;
    for (let d = 0; d < CHANNEL_DIMENSION; d += 1) {
      if (dimensions[d]?.[index] !== this.#tuples.code(tuple, d)) return false;
    }
    return true;
  }

  #ownOf(tenant: number): TenantNames | undefined {
    // Undefined is an answer as well: so the length tells whether it was asked for.
    if (tenant >= this.#own.length) {
      for (let code = this.#own.length; code <= tenant; code += 1) {
        const settings = this.#settings.get(this.#dictionaries.tenants.text(code));
        this.#own.push(
          settings === undefined ? undefined : new TenantNames(settings, this.#channels),
        );
      }
    }
    return this.#own[tenant];
  }

  #remember(kind: number, tuple: number, named: number): void {
    let list = this.#common[kind] as Int32Array<ArrayBuffer>;
    if (tuple >= list.length) {
      const grown = new Int32Array(Math.max(list.length * 2, tuple + 1));
      grown.set(list);
      this.#common[kind] = grown;
      list = grown;
    }
    list[tuple] = named;
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
      const utm = utmFromUrl(rare.url, rules?.utm);
      const found = [utm.source, utm.medium, utm.campaign, utm.term, utm.content];
      for (const [i, text] of found.entries()) {
        if (codes[i] === 0 && text !== undefined) codes[i] = dimensions[i]?.internText(text) ?? 0;
      }
    }
    const isVisit = (row.flags & FLAG_TYPE_MASK) === TYPE_VISIT;
    const linkChannel = rare === undefined || !isVisit ? "" : linkChannelOf(rare.url);
    if (linkChannel !== "") return this.#channels.internText(linkChannel);
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

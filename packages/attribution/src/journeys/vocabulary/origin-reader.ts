import {
  CHANNEL_DIMENSION,
  type EntryColumns,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  findRareText,
  isCopy,
  type OriginKeys,
  RARE_REFERRER,
  RARE_URL,
  rareRange,
  readOrigin,
  type RowDictionaries,
  TYPE_VISIT,
} from "@tributary/protocol";
import {
  hasClickId,
  LINK_CLICK_KEYS,
  linkClickOf,
  REFERRER_KEYS,
  referrerHostOf,
  SIGNATURE_KEYS,
  signatureText,
} from "../../arrivals/origin.ts";
import { textKey } from "../../arrivals/text-key.ts";
import type { DimensionTuples } from "../tables/dimension-tuples.ts";
import type { TupleSignatures } from "./tuple-signatures.ts";

/** The end of the parameter's name in `tclid=`, as bytes. */
const LINK_CLICK_BYTES = [0x74, 0x63, 0x6c, 0x69, 0x64] as const;
const EQUALS = 0x3d;
const decoder = new TextDecoder();

/**
 * Reads the origins of an entry's clicks and visits, as the numbers that they are compared by. Most need none: what has no
 * address or referrer, and what is direct, follows from its combination of dimensions.
 */
export class OriginReader implements OriginKeys {
  signature = 0;
  referrerHost = 0;
  linkClick = 0;
  byReferrer = false;
  readonly #dictionaries: RowDictionaries;
  readonly #tuples: DimensionTuples;
  readonly #signatures: TupleSignatures;
  readonly #directCode: number;

  constructor(
    dictionaries: RowDictionaries,
    tuples: DimensionTuples,
    signatures: TupleSignatures,
    directCode: number,
  ) {
    this.#dictionaries = dictionaries;
    this.#tuples = tuples;
    this.#signatures = signatures;
    this.#directCode = directCode;
  }

  /**
   * Reads the origin of a click or visit of the entry in hand. @param tuple its combination of dimensions, channel included
   * @returns false where the combination tells all of it
   * @throws ProtocolError `entry_malformed`
   */
  read(columns: EntryColumns, event: number, tuple: number): boolean {
    const flags = columns.flags[event] as number;
    const isRare = (flags & FLAG_RARE) !== 0;
    const isWhole = this.#isWhole(columns, event, tuple);
    if (!isRare && isWhole) return false;
    this.referrerHost = 0;
    this.linkClick = 0;
    this.byReferrer = false;
    let host = "";
    const isDirect = this.#tuples.code(tuple, CHANNEL_DIMENSION) === this.#directCode;
    if (isRare) {
      const length = columns.rareLengths[event] as number;
      const start = (columns.rareEnds[event] as number) - length;
      if (isCopy(columns.bytes, start)) return readOrigin(columns.bytes, start, length, this);
      if ((flags & FLAG_TYPE_MASK) === TYPE_VISIT) this.#readLinkClick(columns, start, length);
      if (!isDirect) host = this.#readReferrer(columns, start, length, tuple);
    }
    if (this.linkClick === 0 && isWhole && (isDirect || host === "")) return false;
    this.signature =
      isWhole && (host === "" || this.#isTagged(tuple))
        ? this.#signatures.of(tuple)
        : textKey(this.#signatureText(columns, event, tuple, host), SIGNATURE_KEYS);
    return true;
  }

  /** Whether a combination has all texts of its event that a signature has: beyond the vocabulary's bound it may not. */
  #isWhole({ dimensions }: EntryColumns, event: number, tuple: number): boolean {
    if (!this.#tuples.overflows) return true;
    for (const d of [0, 1, 2, CHANNEL_DIMENSION]) {
      const code = dimensions[d]?.[event] as number;
      if (code !== 0 && code !== this.#tuples.code(tuple, d)) return false;
    }
    return true;
  }

  #isTagged(tuple: number): boolean {
    const tuples = this.#tuples;
    return tuples.code(tuple, 0) + tuples.code(tuple, 1) + tuples.code(tuple, 2) !== 0;
  }

  #readLinkClick({ bytes }: EntryColumns, start: number, length: number): void {
    const from = findRareText(bytes, start, length, RARE_URL);
    if (from < 0) return;
    const { end } = rareRange;
    if (!hasLinkClick(bytes, from, end)) return;
    const click = linkClickOf(decoder.decode(bytes.subarray(from, end)));
    if (click !== "") this.linkClick = textKey(click, LINK_CLICK_KEYS);
  }

  /** @returns the referrer's host; "" for none */
  #readReferrer({ bytes }: EntryColumns, start: number, length: number, tuple: number): string {
    const from = findRareText(bytes, start, length, RARE_REFERRER);
    if (from < 0) return "";
    const host = referrerHostOf(decoder.decode(bytes.subarray(from, rareRange.end)));
    if (host === "") return "";
    this.referrerHost = textKey(host, REFERRER_KEYS);
    if (this.#isTagged(tuple)) return host;
    const url = findRareText(bytes, start, length, RARE_URL);
    this.byReferrer = url < 0 || !hasClickId(decoder.decode(bytes.subarray(url, rareRange.end)));
    return host;
  }

  #signatureText(columns: EntryColumns, event: number, tuple: number, host: string): string {
    const text = (d: number): string => {
      const own = columns.dimensions[d]?.[event] as number;
      const code = own === 0 ? this.#tuples.code(tuple, d) : own;
      return code === 0 ? "" : (this.#dictionaries.dimensions[d]?.text(code) ?? "");
    };
    return signatureText(text(CHANNEL_DIMENSION), text(0), text(1), text(2), host);
  }
}

/** Whether a range of bytes has `tclid=` in it. */
function hasLinkClick(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start + LINK_CLICK_BYTES.length; i < end; i += 1) {
    if (bytes[i] !== EQUALS) continue;
    let matched = 0;
    while (
      matched < LINK_CLICK_BYTES.length &&
      bytes[i - LINK_CLICK_BYTES.length + matched] === LINK_CLICK_BYTES[matched]
    ) {
      matched += 1;
    }
    if (matched === LINK_CLICK_BYTES.length) return true;
  }
  return false;
}

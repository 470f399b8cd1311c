import type { OriginKeys } from "@tributary/protocol";
import { RecordPages, wordOf } from "./record-pages.ts";

/** Words of a record: the combination of dimensions, three numbers below 2^53 in two words each, and a flag. */
const SIGNATURE = 1;
const REFERRER_HOST = 3;
const LINK_CLICK = 5;
const BY_REFERRER = 7;
const WORD = 4_294_967_296;

/**
 * Origins of the clicks and visits whose combination of dimensions does not tell all of it, numbered from 0, in records of
 * 32 bytes. They are numbers, not texts of the vocabulary, whose bound would otherwise decide what goes on with what.
 */
export class OriginTable {
  readonly #records = new RecordPages();
  #size = 0;

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#records.byteLength;
  }

  /** @returns its number */
  append(tuple: number, origin: OriginKeys): number {
    const number = this.#size;
    this.#records.reserve(number);
    const words = this.#records.words(number);
    const at = wordOf(number);
    words[at] = tuple;
    put(words, at + SIGNATURE, origin.signature);
    put(words, at + REFERRER_HOST, origin.referrerHost);
    put(words, at + LINK_CLICK, origin.linkClick);
    words[at + BY_REFERRER] = origin.byReferrer ? 1 : 0;
    this.#size = number + 1;
    return number;
  }

  /** All of an origin. */
  keysOf(origin: number): OriginKeys {
    return {
      signature: this.signatureOf(origin),
      referrerHost: this.referrerHostOf(origin),
      linkClick: this.linkClickOf(origin),
      byReferrer: this.isByReferrer(origin),
    };
  }

  /** Combination of dimensions. */
  tupleOf(origin: number): number {
    return this.#records.words(origin)[wordOf(origin)] as number;
  }

  signatureOf(origin: number): number {
    return get(this.#records.words(origin), wordOf(origin) + SIGNATURE);
  }

  referrerHostOf(origin: number): number {
    return get(this.#records.words(origin), wordOf(origin) + REFERRER_HOST);
  }

  linkClickOf(origin: number): number {
    return get(this.#records.words(origin), wordOf(origin) + LINK_CLICK);
  }

  isByReferrer(origin: number): boolean {
    return this.#records.words(origin)[wordOf(origin) + BY_REFERRER] === 1;
  }
}

function put(words: Uint32Array, at: number, key: number): void {
  words[at] = key;
  words[at + 1] = Math.floor(key / WORD);
}

function get(words: Uint32Array, at: number): number {
  return (words[at + 1] as number) * WORD + (words[at] as number);
}

/**
 * Identity resolution between partitions: records that partitions log and messages that they send each other. Both are rows in
 * ordinary entries, of a type that no client can send, so that logs and dead letters need no second codec.
 *
 * A record is a row of {@link TYPE_IDENTITY}. Its user key is an anonymous ID, its time says how long the record is kept, and its rare
 * bytes hold the other fields. A record that names a user has a second row of that type with the user as user key. A message is an
 * entry that begins with a record. The facts in a message are copies; their rare bytes begin with {@link RARE_COPY}.
 */
import { Buffer } from "node:buffer";
import type { EntryColumns } from "../entry/columns.ts";
import type { EventRow } from "../entry/event-row.ts";
import {
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
} from "../entry/entry.ts";
import { ProtocolError } from "../errors.ts";
import { RARE_COPY, RARE_IDENTITY, RARE_ORIGIN } from "../entry/rare.ts";

/** Type code of a record's rows; not one of EVENT_TYPES, so that it cannot come from outside. */
export const TYPE_IDENTITY = 7;

/** A pair of user and anonymous ID, in the user's partition. Logged. */
export const IDENTITY_PAIR = 1;
/** The same pair, on its way to the anonymous ID's partition. A message. */
export const IDENTITY_CLAIM = 2;
/** The user that an anonymous ID belongs to, as decided in the anonymous ID's partition. Logged. */
export const IDENTITY_DECISION = 3;
/** That decision, in the user's partition. A message, and logged there. */
export const IDENTITY_LINK = 4;
/**
 * The erasure of a person, or of one anonymous ID (docs/erasure.md): a message asks for it, and the partition that did it logs it.
 * This kind and those after it are erasures. They come in messages of their own, and their subject may be a user ID.
 */
export const IDENTITY_ERASE = 5;
/** A further anonymous ID of the person whose erasure precedes it. A message. */
export const IDENTITY_ERASE_WITH = 6;
/** Voids copies of an anonymous ID's facts under links of lower generations. A message, and logged there. */
export const IDENTITY_ERASED = 7;

/** A record beside its two keys. */
export interface IdentityRecord {
  /** IDENTITY_* */
  kind: number;
  /**
   * Pair, claim, decision: whether the user takes the anonymous ID. Link: whether the user has it. Logged erasure: whether facts were
   * erased. Erasure message: whether its subject is the anonymous ID that the request named.
   */
  linked: boolean;
  /** Whether a row with a user follows. */
  hasUser: boolean;
  /** When the two were first seen together, ms since 1970; 0 of a link. */
  time: number;
  /** Grows with each change of the pair in the user's partition; 0 of a link. */
  version: number;
  /** Grows with each change of the owner in the anonymous ID's partition; 0 of a pair and a claim. */
  generation: number;
  /** Receipt of the erasure, 16 bytes; empty for other kinds. */
  receipt: Uint8Array;
}

export function emptyIdentityRecord(): IdentityRecord {
  return {
    kind: 0,
    linked: false,
    hasUser: false,
    time: 0,
    version: 0,
    generation: 0,
    receipt: NO_BYTES,
  };
}

/** Field code, bin head, kind, two flags, three float64. */
const RECORD_BYTES = 3 + 2 + 24;
const LINKED = 1;
const HAS_USER = 2;
/** Field code, uint32 head, the number. */
export const COPY_MARK_BYTES = 6;
/** In a copy's mark, beside its revision: another conversion of its order counts. */
const DUPLICATE_ORDER = 2 ** 31;
const NO_BYTES = new Uint8Array(0);

/**
 * Makes a row a record's first: all but its tenant, user key and the key's flags.
 * @param keptUntilMs the record is kept until no fact of this time is held any more, ms since 1970
 */
export function fillIdentityRow(row: EventRow, record: IdentityRecord, keptUntilMs: number): void {
  fillUserRow(row, keptUntilMs);
  row.flags |= FLAG_RARE;
  if (record.receipt.length === 0) row.flags |= FLAG_ANONYMOUS;
  else {
    row.flags |= FLAG_ID_UUID;
    row.id = record.receipt;
    row.idLength = record.receipt.length;
  }
  const rare = Buffer.alloc(RECORD_BYTES);
  rare[0] = RARE_IDENTITY;
  rare[1] = 0xc4;
  rare[2] = RECORD_BYTES - 3;
  rare[3] = record.kind;
  rare[4] = (record.linked ? LINKED : 0) | (record.hasUser ? HAS_USER : 0);
  rare.writeDoubleBE(record.time, 5);
  rare.writeDoubleBE(record.version, 13);
  rare.writeDoubleBE(record.generation, 21);
  row.rare = rare;
  row.rareStart = 0;
  row.rareLength = RECORD_BYTES;
}

/** Makes a row a record's second: all but its tenant, user key and the key's flags. */
export function fillUserRow(row: EventRow, keptUntilMs: number): void {
  row.flags = (row.flags & (FLAG_ANONYMOUS | FLAG_USER_UUID)) | TYPE_IDENTITY;
  row.time = keptUntilMs;
  row.id = NO_BYTES;
  row.idStart = 0;
  row.idLength = 0;
  row.dimensions.fill(0);
  row.rareLength = 0;
}

/** Whether an entry is a message of a partition, not events of a gateway. */
export function isMessage({ count, flags }: EntryColumns): boolean {
  return count > 0 && ((flags[0] as number) & FLAG_TYPE_MASK) === TYPE_IDENTITY;
}

/** Whether a row with rare bytes is a copy of another partition's fact. */
export function isCopy(rare: Uint8Array, start: number): boolean {
  return rare[start] === RARE_COPY;
}

/** Reads a record from its first row. @throws ProtocolError `entry_malformed` */
export function readIdentity(
  rare: Uint8Array,
  start: number,
  length: number,
  record: IdentityRecord,
): void {
  if (length !== RECORD_BYTES || rare[start] !== RARE_IDENTITY) {
    throw new ProtocolError("entry_malformed", "not an entry: a record of identity has no content");
  }
  const view = new DataView(rare.buffer, rare.byteOffset + start, length);
  const flags = view.getUint8(4);
  record.kind = view.getUint8(3);
  record.linked = (flags & LINKED) !== 0;
  record.hasUser = (flags & HAS_USER) !== 0;
  record.time = view.getFloat64(5);
  record.version = view.getFloat64(13);
  record.generation = view.getFloat64(21);
}

/** The kind of the record that a row's rare bytes hold; 0 where they hold no record. */
export function identityKindOf(rare: Uint8Array, start: number): number {
  return rare[start] === RARE_IDENTITY ? (rare[start + 3] ?? 0) : 0;
}

/**
 * Marks a fact's row as a copy: puts the mark before its rare bytes.
 * @param revision of the conversion's next result, below 2^31 @param isDuplicateOrder whether another conversion of its order counts
 */
export function markCopy(row: EventRow, revision: number, isDuplicateOrder = false): void {
  const rare = Buffer.allocUnsafe(COPY_MARK_BYTES + row.rareLength);
  rare[0] = RARE_COPY;
  rare[1] = 0xce;
  rare.writeUInt32BE(revision + (isDuplicateOrder ? DUPLICATE_ORDER : 0), 2);
  rare.set(row.rare.subarray(row.rareStart, row.rareStart + row.rareLength), COPY_MARK_BYTES);
  row.flags |= FLAG_RARE;
  row.rare = rare;
  row.rareStart = 0;
  row.rareLength = rare.length;
}

/** The revision in a copy's mark. */
export function copyRevision(rare: Uint8Array, start: number): number {
  return copyNumber(rare, start) % DUPLICATE_ORDER;
}

/** Whether a copy's mark says that another conversion of its order counts. */
export function isCopyDuplicateOrder(rare: Uint8Array, start: number): boolean {
  return copyNumber(rare, start) >= DUPLICATE_ORDER;
}

function copyNumber(rare: Uint8Array, start: number): number {
  return new DataView(rare.buffer, rare.byteOffset + start, COPY_MARK_BYTES).getUint32(2);
}

/** Where a click or visit came from, as numbers below 2^53 that stand for texts; 0 for no referrer and no click. */
export interface OriginKeys {
  signature: number;
  referrerHost: number;
  /** Click of a tracking link that a page's address names. */
  linkClick: number;
  /** Whether nothing but the referrer tells. */
  byReferrer: boolean;
}

/** Field code, bin head, three float64, a flag. */
const ORIGIN_BYTES = 3 + 24 + 1;

/** Appends an origin to a copy that {@link markCopy} marked: the texts that it is of are not copied. */
export function addOrigin(row: EventRow, origin: OriginKeys): void {
  const start = row.rareLength;
  const rare = Buffer.allocUnsafe(start + ORIGIN_BYTES);
  rare.set(row.rare.subarray(row.rareStart, row.rareStart + start));
  rare[start] = RARE_ORIGIN;
  rare[start + 1] = 0xc4;
  rare[start + 2] = ORIGIN_BYTES - 3;
  rare.writeDoubleBE(origin.signature, start + 3);
  rare.writeDoubleBE(origin.referrerHost, start + 11);
  rare.writeDoubleBE(origin.linkClick, start + 19);
  rare[start + 27] = origin.byReferrer ? 1 : 0;
  row.rare = rare;
  row.rareStart = 0;
  row.rareLength = rare.length;
}

/** Reads the origin of a copy of a click or visit. @returns false where it has none */
export function readOrigin(
  rare: Uint8Array,
  start: number,
  length: number,
  origin: OriginKeys,
): boolean {
  const from = start + COPY_MARK_BYTES;
  if (length !== COPY_MARK_BYTES + ORIGIN_BYTES || rare[from] !== RARE_ORIGIN) return false;
  const view = new DataView(rare.buffer, rare.byteOffset + from, ORIGIN_BYTES);
  origin.signature = view.getFloat64(3);
  origin.referrerHost = view.getFloat64(11);
  origin.linkClick = view.getFloat64(19);
  origin.byReferrer = view.getUint8(27) === 1;
  return true;
}

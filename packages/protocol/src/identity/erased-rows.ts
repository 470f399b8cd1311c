/**
 * What a fact log is rid of when a person was erased (docs/erasure.md): which blocks say so, and what is left of the blocks before
 * them.
 */
import { Buffer } from "node:buffer";
import { createRowDictionaries, EventRow, type RowDictionaries } from "../entry/event-row.ts";
import { EntryWriter } from "../entry/entry-writer.ts";
import {
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  TRACE_BYTES,
} from "../entry/entry.ts";
import { EntryColumns } from "../entry/columns.ts";
import { ProtocolError } from "../errors.ts";
import {
  emptyIdentityRecord,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_ERASED,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  type IdentityRecord,
  isCopy,
  readIdentity,
  TYPE_IDENTITY,
} from "./identity-rows.ts";

/** An erasure that a fact block has a record of. */
export interface LoggedErasure {
  readonly record: Readonly<IdentityRecord>;
  /** Name of the key that was erased. */
  readonly subject: string;
  readonly subjectBytes: Buffer;
  /** Name of the user's key because of whom an anonymous ID was erased. */
  readonly user: string | undefined;
}

/** Erasures by what they erased. */
export interface ErasedKeys {
  readonly byName: ReadonlyMap<string, readonly LoggedErasure[]>;
  /** The keys as they lie in blocks, each once. */
  readonly bytes: readonly Buffer[];
}

/** What is left of a block. */
export interface RemainingRows {
  /** Facts among them, copies of other partitions' left out. */
  readonly facts: number;
  /** An entry; undefined where nothing is left. */
  readonly block: Uint8Array | undefined;
}

const KEY_FLAGS = FLAG_ANONYMOUS | FLAG_USER_UUID;
/** For more keys than that a block is read rather than searched for each. */
const MAX_SEARCHED = 64;

/** The erasures that a fact block has records of: they concern the blocks before it. */
export function readErasures(block: Uint8Array): LoggedErasure[] {
  const erasures: LoggedErasure[] = [];
  const dictionaries = createRowDictionaries(0);
  forEachRow(block, dictionaries, (row, second, record) => {
    if (record?.kind !== IDENTITY_ERASE && record?.kind !== IDENTITY_ERASED) return;
    erasures.push({
      record: { ...record },
      subject: nameOf(row, dictionaries),
      subjectBytes: Buffer.from(keyBytes(row)),
      user: second === undefined ? undefined : nameOf(second, dictionaries),
    });
  });
  return erasures;
}

/** Makes erasures ready to be looked up. */
export function erasedKeys(erasures: readonly LoggedErasure[]): ErasedKeys {
  const byName = new Map<string, LoggedErasure[]>();
  const bytes: Buffer[] = [];
  for (const erasure of erasures) {
    const known = byName.get(erasure.subject);
    if (known !== undefined) {
      known.push(erasure);
      continue;
    }
    byName.set(erasure.subject, [erasure]);
    bytes.push(erasure.subjectBytes);
  }
  return { byName, bytes };
}

/**
 * Leaves out of a block of before what is of people who were erased. Of a damaged block the rows behind the damage go as well: nobody
 * could read them. Records of erasures stay, and what others' events say of the anonymous ID that they came with.
 * @returns undefined where the block has nothing of theirs
 */
export function withoutErased(block: Uint8Array, keys: ErasedKeys): RemainingRows | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  // Keys lie in a block as they are: most blocks need not be read.
  const isFree = (): boolean => !keys.bytes.some((key) => bytes.includes(key));
  if (keys.bytes.length <= MAX_SEARCHED && isFree()) return undefined;
  const dictionaries = createRowDictionaries(0);
  const writer = new EntryWriter(dictionaries);
  let facts = 0;
  let dropped = 0;
  const read = forEachRow(block, dictionaries, (row, second, record) => {
    const drops =
      record === undefined
        ? dropsFact(keys, row, dictionaries)
        : dropsRecord(keys, row, second, record, dictionaries);
    if (drops) {
      dropped += 1;
      return;
    }
    if (record === undefined && !isCopyRow(row)) facts += 1;
    writer.append(row);
    if (second !== undefined) writer.append(second);
  });
  if (dropped === 0 && (read.isWhole || isFree())) return undefined;
  if (writer.count === 0) return { facts: 0, block: undefined };
  const { traces } = read;
  for (let at = 0; at < traces.length; at += TRACE_BYTES) {
    writer.trace(traces.subarray(at, at + TRACE_BYTES));
  }
  return { facts, block: writer.finish() };
}

function dropsFact({ byName }: ErasedKeys, row: EventRow, dictionaries: RowDictionaries): boolean {
  const erasures = byName.get(nameOf(row, dictionaries)) ?? [];
  return erasures.some(({ record }) => record.kind === IDENTITY_ERASED || record.linked);
}

/** The record of the erasure, and what is logged with it, says all that has to be known of those before it. */
function dropsRecord(
  { byName }: ErasedKeys,
  row: EventRow,
  second: EventRow | undefined,
  { kind, generation }: IdentityRecord,
  dictionaries: RowDictionaries,
): boolean {
  if (kind !== IDENTITY_PAIR && kind !== IDENTITY_DECISION && kind !== IDENTITY_LINK) return false;
  const user = second === undefined ? undefined : nameOf(second, dictionaries);
  const ofUser = user === undefined ? [] : (byName.get(user) ?? []);
  if (ofUser.some(({ record }) => record.kind === IDENTITY_ERASE && record.linked)) return true;
  // A pair is its user's.
  if (kind === IDENTITY_PAIR) return false;
  const erasures = byName.get(nameOf(row, dictionaries)) ?? [];
  return erasures.some((erasure) => {
    const { record } = erasure;
    if (record.kind !== IDENTITY_ERASED) {
      return record.linked || (user !== undefined && erasure.user === user);
    }
    return kind === IDENTITY_LINK && generation < record.generation;
  });
}

interface ReadBlock {
  readonly isWhole: boolean;
  readonly traces: Uint8Array;
}

/**
 * Facts and records of a block as far as it can be read.
 * @param take is given a record's second row where it has one; the rows are valid until the next call
 */
function forEachRow(
  block: Uint8Array,
  dictionaries: RowDictionaries,
  take: (row: EventRow, second: EventRow | undefined, record: IdentityRecord | undefined) => void,
): ReadBlock {
  const columns = new EntryColumns();
  const [row, second, record] = [new EventRow(), new EventRow(), emptyIdentityRecord()];
  try {
    columns.read(block, dictionaries);
    for (let i = 0; i < columns.count; i += 1) {
      columns.load(i, row);
      if ((row.flags & FLAG_TYPE_MASK) !== TYPE_IDENTITY) {
        take(row, undefined, undefined);
        continue;
      }
      readIdentity(row.rare, row.rareStart, row.rareLength, record);
      if (record.hasUser) {
        i += 1;
        if (i === columns.count) return { isWhole: false, traces: columns.traces };
        columns.load(i, second);
      }
      take(row, record.hasUser ? second : undefined, record);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { isWhole: false, traces: columns.traces };
  }
  return { isWhole: columns.problem === undefined, traces: columns.traces };
}

function keyBytes(row: EventRow): Uint8Array {
  return row.user.subarray(row.userStart, row.userStart + row.userLength);
}

/** A key's name: its tenant, of which kind it is, and its bytes. */
function nameOf(row: EventRow, { tenants }: RowDictionaries): string {
  const { buffer, byteOffset, length } = keyBytes(row);
  const text = Buffer.from(buffer, byteOffset, length).toString("latin1");
  return `${tenants.text(row.tenant)} ${row.flags & KEY_FLAGS} ${text}`;
}

function isCopyRow(row: EventRow): boolean {
  return (row.flags & FLAG_RARE) !== 0 && isCopy(row.rare, row.rareStart);
}

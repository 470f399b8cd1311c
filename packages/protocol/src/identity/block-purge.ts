/** Purges erased people's rows from blocks of a fact log: reads the erasures that a block records, and drops rows from earlier blocks. See docs/erasure.md. */
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
import { isOrderRow } from "./order-rows.ts";

/** An erasure that a fact block records. */
export interface LoggedErasure {
  readonly record: Readonly<IdentityRecord>;
  /** Name of the key that was erased. */
  readonly subject: string;
  readonly subjectBytes: Buffer;
  /** Name of the user key whose erasure included this anonymous ID. */
  readonly user: string | undefined;
}

/** Erasures by the key that they erased. */
export interface ErasedKeys {
  readonly byName: ReadonlyMap<string, readonly LoggedErasure[]>;
  /** The keys as blocks hold them, each once. */
  readonly bytes: readonly Buffer[];
}

/** The rows of a block that remain. */
export interface RemainingRows {
  /** Facts among them, without copies of other partitions' facts. */
  readonly facts: number;
  /** An entry; undefined where no row remains. */
  readonly block: Uint8Array | undefined;
}

const NO_PERSON: IdentityRecord = Object.freeze(emptyIdentityRecord());
const KEY_FLAGS = FLAG_ANONYMOUS | FLAG_USER_UUID;
/** With more keys than this, reading a block is cheaper than searching it for each key. */
const MAX_SEARCHED = 64;

/** The erasures that a fact block records. They concern the blocks before it. */
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

/** Indexes erasures by the erased key. */
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
 * Drops erased people's rows from an earlier block. A damaged block also loses the rows behind the damage, which no reader can reach.
 * Records of erasures stay, and so do anonymous IDs in the rare fields of other people's events.
 * @returns undefined where the block has no row to drop
 */
export function withoutErased(block: Uint8Array, keys: ErasedKeys): RemainingRows | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  // A block holds keys as plain bytes, so a search tells that most blocks need no reading.
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

/** Whether a record goes: the record of the erasure, and the links logged with it, replace those before it. */
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
  // A pair belongs to its user.
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
 * Reads the facts and records of a block, up to its damage where it is damaged.
 * @param take receives a record's second row where it has one; the rows are valid until the next call
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
      // Records of orders name nobody.
      if (isOrderRow(row.rare, row.rareStart, row.rareLength)) {
        take(row, undefined, NO_PERSON);
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

/** A key's name: tenant, kind and bytes. */
function nameOf(row: EventRow, { tenants }: RowDictionaries): string {
  const { buffer, byteOffset, length } = keyBytes(row);
  const text = Buffer.from(buffer, byteOffset, length).toString("latin1");
  return `${tenants.text(row.tenant)} ${row.flags & KEY_FLAGS} ${text}`;
}

function isCopyRow(row: EventRow): boolean {
  return (row.flags & FLAG_RARE) !== 0 && isCopy(row.rare, row.rareStart);
}

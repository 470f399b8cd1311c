/**
 * What a fact log is rid of when a person was erased (docs/erasure.md): which blocks say so, and what is left of the blocks before
 * them.
 */
import { Buffer } from "node:buffer";
import {
  createRowDictionaries,
  EntryWriter,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  type RowDictionaries,
  TRACE_BYTES,
} from "./entry.ts";
import { EntryColumns } from "./entry-columns.ts";
import { ProtocolError } from "./errors.ts";
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

interface RowKey {
  readonly tenant: string;
  /** Of FLAG_ANONYMOUS and FLAG_USER_UUID. */
  readonly flags: number;
  readonly bytes: Buffer;
}

/** An erasure that a fact block has a record of. */
export interface LoggedErasure {
  readonly record: Readonly<IdentityRecord>;
  readonly subject: RowKey;
  /** Because of whose erasure an anonymous ID was erased. */
  readonly user: RowKey | undefined;
}

/** What is left of a block. */
export interface RemainingRows {
  /** Facts among them, copies of other partitions' left out. */
  readonly facts: number;
  /** An entry; undefined where nothing is left. */
  readonly block: Uint8Array | undefined;
}

const KEY_FLAGS = FLAG_ANONYMOUS | FLAG_USER_UUID;

/** The erasures that a fact block has records of: they concern the blocks before it. */
export function readErasures(block: Uint8Array): LoggedErasure[] {
  const erasures: LoggedErasure[] = [];
  const dictionaries = createRowDictionaries(0);
  forEachRow(block, dictionaries, (row, second, record) => {
    if (record?.kind !== IDENTITY_ERASE && record?.kind !== IDENTITY_ERASED) return;
    const subject = keyOf(row, dictionaries);
    const user = second === undefined ? undefined : keyOf(second, dictionaries);
    erasures.push({ record: { ...record }, subject, user });
  });
  return erasures;
}

/**
 * Leaves out of a block of before what is of people who were erased. Of a damaged block the rows behind the damage go as well: nobody
 * could read them. Records of erasures stay, and what others' events say of the anonymous ID that they came with.
 * @returns undefined where the block has nothing of theirs
 */
export function withoutErased(
  block: Uint8Array,
  erasures: readonly LoggedErasure[],
): RemainingRows | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  // Keys lie in an entry as they are: most blocks need not be read.
  const concerned = erasures.filter(
    ({ subject, user }) =>
      bytes.includes(subject.bytes) || (user !== undefined && bytes.includes(user.bytes)),
  );
  if (concerned.length === 0) return undefined;
  const dictionaries = createRowDictionaries(0);
  const writer = new EntryWriter(dictionaries);
  let facts = 0;
  let dropped = 0;
  const read = forEachRow(block, dictionaries, (row, second, record) => {
    const drops = concerned.some((erasure) =>
      record === undefined
        ? dropsFact(erasure, row, dictionaries)
        : dropsRecord(erasure, row, second, record, dictionaries),
    );
    if (drops) {
      dropped += 1;
      return;
    }
    if (record === undefined && !isCopyRow(row)) facts += 1;
    writer.append(row);
    if (second !== undefined) writer.append(second);
  });
  if (read.isWhole && dropped === 0) return undefined;
  if (writer.count === 0) return { facts: 0, block: undefined };
  const { traces } = read;
  for (let at = 0; at < traces.length; at += TRACE_BYTES) {
    writer.trace(traces.subarray(at, at + TRACE_BYTES));
  }
  return { facts, block: writer.finish() };
}

function dropsFact(
  { record, subject }: LoggedErasure,
  row: EventRow,
  dictionaries: RowDictionaries,
): boolean {
  return (record.kind === IDENTITY_ERASED || record.linked) && isKey(subject, row, dictionaries);
}

/** The record of the erasure, and what is logged with it, says all that has to be known of those before it. */
function dropsRecord(
  erasure: LoggedErasure,
  row: EventRow,
  second: EventRow | undefined,
  { kind, generation }: IdentityRecord,
  dictionaries: RowDictionaries,
): boolean {
  if (kind !== IDENTITY_PAIR && kind !== IDENTITY_DECISION && kind !== IDENTITY_LINK) return false;
  const { record, subject, user } = erasure;
  // A pair is its user's.
  const isOf = kind !== IDENTITY_PAIR && isKey(subject, row, dictionaries);
  if (record.kind === IDENTITY_ERASED) {
    return isOf && kind === IDENTITY_LINK && generation < record.generation;
  }
  const names = (key: RowKey | undefined): boolean =>
    key !== undefined && second !== undefined && isKey(key, second, dictionaries);
  if (record.linked) return isOf || names(subject);
  return isOf && names(user);
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

function keyOf(row: EventRow, { tenants }: RowDictionaries): RowKey {
  return {
    tenant: tenants.text(row.tenant),
    flags: row.flags & KEY_FLAGS,
    bytes: Buffer.from(row.user.subarray(row.userStart, row.userStart + row.userLength)),
  };
}

function isKey(key: RowKey, row: EventRow, { tenants }: RowDictionaries): boolean {
  if ((row.flags & KEY_FLAGS) !== key.flags || row.userLength !== key.bytes.length) return false;
  const user = row.user.subarray(row.userStart, row.userStart + row.userLength);
  return key.bytes.equals(user) && tenants.text(row.tenant) === key.tenant;
}

function isCopyRow(row: EventRow): boolean {
  return (row.flags & FLAG_RARE) !== 0 && isCopy(row.rare, row.rareStart);
}

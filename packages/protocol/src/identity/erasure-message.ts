/** The message that asks a partition to erase a person: packs it, and recognises it in a stream. See docs/erasure.md. */
import { Buffer } from "node:buffer";
import { createRowDictionaries, EventRow } from "../entry/event-row.ts";
import { ENTRY_FIELDS, FLAG_ANONYMOUS, FLAG_USER_UUID } from "../entry/entry.ts";
import { EntryWriter } from "../entry/entry-writer.ts";
import { ProtocolError } from "../errors.ts";
import { DIMENSION_COUNT } from "../event.ts";
import {
  emptyIdentityRecord,
  fillIdentityRow,
  IDENTITY_ERASE,
  IDENTITY_ERASE_WITH,
  identityKindOf,
} from "./identity-rows.ts";
import { containerRead, readArrayHead, skipValue } from "../bytes/msgpack.ts";
import { MsgpackReader } from "../bytes/msgpack-reader.ts";
import { partitionOfBytes, tenantSeed } from "../partition.ts";
import { packUuid, UUID_BYTES, UUID_TEXT_BYTES } from "../bytes/uuid.ts";

/** The person to erase. */
export interface ErasureRequest {
  readonly tenant: string;
  /** A userId or an anonymousId. */
  readonly id: string;
  readonly anonymous: boolean;
  /** 16 random bytes. Two requests with one receipt are one erasure. */
  readonly receipt: Uint8Array;
  /** Further anonymous IDs of a user, beside those that the workers know. At most 10,000. */
  readonly anonymousIds: readonly string[];
}

/** An entry for the events stream of the person's partition. */
export interface ErasureMessage {
  readonly partition: number;
  readonly rows: number;
  readonly bytes: Buffer;
}

/** Index of the rare fields in an entry. */
const RARE_PLACE = 7 + DIMENSION_COUNT;

/** Packs the message for the partition of a person's ID. @param partitions of the platform */
export function packErasure(request: ErasureRequest, partitions: number): ErasureMessage {
  const { tenant, id, anonymous, receipt, anonymousIds } = request;
  const dictionaries = createRowDictionaries(0);
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  row.tenant = dictionaries.tenants.internText(tenant);
  const record = { ...emptyIdentityRecord(), kind: IDENTITY_ERASE, receipt };
  fillKey(row, id, anonymous);
  const seed = tenantSeed(tenant);
  const partition = partitionOfBytes(seed, row.user, 0, row.userLength, partitions);
  fillIdentityRow(row, record, 0);
  writer.append(row);
  for (const other of anonymousIds) {
    fillKey(row, other, true);
    fillIdentityRow(row, { ...record, kind: IDENTITY_ERASE_WITH }, 0);
    writer.append(row);
  }
  return { partition, rows: writer.count, bytes: writer.finish() };
}

/**
 * Whether a message asks for an erasure; the batch that takes such a message must begin with it. Reads the first row only. False for
 * a message that cannot be read.
 */
export function isErasure(message: Uint8Array): boolean {
  try {
    if (!readArrayHead(message, 0, message.length)) return false;
    if (containerRead.count !== ENTRY_FIELDS) return false;
    let pos = containerRead.next;
    for (let i = 0; i < RARE_PLACE; i += 1) pos = skipValue(message, pos, message.length);
    // Behind the length of the first row's rare fields, which is one byte.
    return identityKindOf(new MsgpackReader(message.subarray(pos)).binary(), 1) >= IDENTITY_ERASE;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/** Makes an ID the row's user key. */
function fillKey(row: EventRow, id: string, anonymous: boolean): void {
  const text = Buffer.from(id, "utf8");
  const packed = new Uint8Array(UUID_BYTES);
  const isUuid = text.length === UUID_TEXT_BYTES && packUuid(text, 0, packed, 0);
  row.user = isUuid ? packed : text;
  row.userStart = 0;
  row.userLength = row.user.length;
  row.flags = (anonymous ? FLAG_ANONYMOUS : 0) | (isUuid ? FLAG_USER_UUID : 0);
}

/**
 * A record of the spool: uint32 length and uint32 CRC-32 of what follows, both big endian; then the tenant's length (uint8, its top
 * bit set) and name, how many events were acknowledged (uint32), when the request came (float64, ms since 1970), and its events as
 * a msgpack body. Earlier versions wrote no number of events, and a length without the top bit.
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

/** Events that wait for Redis on disk. */
export interface SpooledBatch {
  readonly tenant: string;
  /** ms since 1970. */
  readonly receivedAtMs: number;
  /** Events that were acknowledged to the sender; undefined in what an earlier version wrote. */
  readonly events: number | undefined;
  /** A msgpack body, as `Publisher.publish` takes it. */
  readonly body: Uint8Array;
}

/** What a piece of a segment holds. */
export interface DecodedRecords {
  readonly batches: readonly SpooledBatch[];
  /** Bytes of the whole records. */
  readonly bytes: number;
  /** Bytes of the record behind them, which the piece holds in part; 0 where its head is not whole either, or there is none. */
  readonly nextBytes: number;
  /** Whether a record is damaged behind them; else there is nothing, or the beginning of one. */
  readonly damaged: boolean;
}

const HEAD_BYTES = 8;
const COUNT_BYTES = 4;
const TIME_BYTES = 8;
/** In the byte of the tenant's length: a number of events follows the name. */
const HAS_COUNT = 0x80;

export function encodeRecord({ tenant, receivedAtMs, events, body }: SpooledBatch): Buffer {
  const name = Buffer.from(tenant, "utf8");
  const countBytes = events === undefined ? 0 : COUNT_BYTES;
  const length = 1 + name.length + countBytes + TIME_BYTES + body.length;
  const record = Buffer.allocUnsafe(HEAD_BYTES + length);
  record.writeUInt32BE(length, 0);
  let at = record.writeUInt8(name.length | (events === undefined ? 0 : HAS_COUNT), HEAD_BYTES);
  at += name.copy(record, at);
  if (events !== undefined) at = record.writeUInt32BE(events, at);
  at = record.writeDoubleBE(receivedAtMs, at);
  record.set(body, at);
  record.writeUInt32BE(crc32(record.subarray(HEAD_BYTES)), 4);
  return record;
}

/**
 * Reads records from the beginning of one, as far as they are whole.
 * @param segmentBytes from there to the segment's end: a record within it is read whatever its length
 * @param maxRecordBytes longest record that is ever written: a longer one beyond the segment's end was not cut off, but is damaged
 */
export function decodeRecords(
  bytes: Buffer,
  segmentBytes: number,
  maxRecordBytes: number,
): DecodedRecords {
  const batches: SpooledBatch[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + HEAD_BYTES + length;
    // A record is never empty: zeros are what a file system leaves where data was not written.
    const isDamaged = length === 0 || (end > segmentBytes && length > maxRecordBytes);
    if (isDamaged) return { batches, bytes: at, nextBytes: 0, damaged: true };
    if (end > bytes.length) return { batches, bytes: at, nextBytes: end - at, damaged: false };
    const payload = bytes.subarray(at + HEAD_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32BE(at + 4)) {
      return { batches, bytes: at, nextBytes: 0, damaged: true };
    }
    batches.push(decodePayload(payload));
    at = end;
  }
  return { batches, bytes: at, nextBytes: 0, damaged: false };
}

function decodePayload(payload: Buffer): SpooledBatch {
  const first = payload.readUInt8(0);
  const nameEnd = 1 + (first & ~HAS_COUNT);
  const hasCount = (first & HAS_COUNT) !== 0;
  const timeAt = nameEnd + (hasCount ? COUNT_BYTES : 0);
  return {
    tenant: payload.toString("utf8", 1, nameEnd),
    events: hasCount ? payload.readUInt32BE(nameEnd) : undefined,
    receivedAtMs: payload.readDoubleBE(timeAt),
    body: payload.subarray(timeAt + TIME_BYTES),
  };
}

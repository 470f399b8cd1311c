/**
 * A record of the spool: uint32 length and uint32 CRC-32 of what follows, both big endian; then the tenant's length (uint8) and
 * name, when the request came (float64, ms since 1970), and its events as a msgpack body.
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

/** Events that wait for Redis on disk. */
export interface SpooledBatch {
  readonly tenant: string;
  /** ms since 1970. */
  readonly receivedAtMs: number;
  /** A msgpack body, as `Publisher.publish` takes it. */
  readonly body: Uint8Array;
}

/** What a piece of a segment holds. */
export interface DecodedRecords {
  readonly batches: readonly SpooledBatch[];
  /** Bytes of the whole records. */
  readonly bytes: number;
  /** Whether a record is damaged behind them; else there is nothing, or the beginning of one. */
  readonly damaged: boolean;
}

const HEAD_BYTES = 8;
const TIME_BYTES = 8;

export function encodeRecord({ tenant, receivedAtMs, body }: SpooledBatch): Buffer {
  const name = Buffer.from(tenant, "utf8");
  const length = 1 + name.length + TIME_BYTES + body.length;
  const record = Buffer.allocUnsafe(HEAD_BYTES + length);
  record.writeUInt32BE(length, 0);
  let at = record.writeUInt8(name.length, HEAD_BYTES);
  at += name.copy(record, at);
  at = record.writeDoubleBE(receivedAtMs, at);
  record.set(body, at);
  record.writeUInt32BE(crc32(record.subarray(HEAD_BYTES)), 4);
  return record;
}

/** Reads records from the beginning of one, as far as they are whole. @param maxRecordBytes a longer one is damaged */
export function decodeRecords(bytes: Buffer, maxRecordBytes: number): DecodedRecords {
  const batches: SpooledBatch[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    // A record is never empty: zeros are what a file system leaves where data was not written.
    if (length === 0 || length > maxRecordBytes) return { batches, bytes: at, damaged: true };
    const end = at + HEAD_BYTES + length;
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + HEAD_BYTES, end);
    if (crc32(payload) !== bytes.readUInt32BE(at + 4)) return { batches, bytes: at, damaged: true };
    const nameEnd = 1 + payload.readUInt8(0);
    batches.push({
      tenant: payload.toString("utf8", 1, nameEnd),
      receivedAtMs: payload.readDoubleBE(nameEnd),
      body: payload.subarray(nameEnd + TIME_BYTES),
    });
    at = end;
  }
  return { batches, bytes: at, damaged: false };
}

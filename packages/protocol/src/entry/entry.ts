/**
 * The batch entry: events as columns, in one versioned msgpack value. It is what a stream entry of `events` and
 * a block of `facts` hold; a result block holds two. docs/entry-format.md describes the layout for other languages,
 * vectors/entry.json lets them check themselves.
 *
 *   [version, count, tenants, flags, times, ids, users, dimensions ×6, rare, traces]
 *
 * - tenants: [name, run length, name, run length, …]
 * - flags: a byte an event, see FLAG_*
 * - times: zigzag LEB128 differences to the time before (the first to 0), ms
 * - ids, users: 16 bytes where the flag says UUID, else a length byte and UTF-8; no user bytes under FLAG_SAME_USER
 * - each dimension: nil where no event has it, else [strings, codes]; codes take one byte up to 255 strings, else two
 *   (little endian); 0 is absent, n the n-th string
 * - rare: for each event with FLAG_RARE, LEB128 length and pairs of (field code, msgpack value as it came)
 * - traces: 25 bytes each (trace ID, span ID, flags) of the requests in the batch
 */
import { DIMENSION_COUNT } from "../event.ts";

export const ENTRY_VERSION = 1;
/** Latest time an entry can hold, ms since 1970: readers keep 48 bits of it. */
export const MAX_TIME_MS = 2 ** 48 - 1;
/** Most events an entry can hold: codes of two bytes must reach every string. */
export const MAX_ENTRY_EVENTS = 65_535;

export const FLAG_TYPE_MASK = 0x07;
/** The user key is an anonymousId. */
export const FLAG_ANONYMOUS = 0x08;
export const FLAG_ID_UUID = 0x10;
export const FLAG_RARE = 0x20;
/** Same tenant and user key as the event before. */
export const FLAG_SAME_USER = 0x40;
export const FLAG_USER_UUID = 0x80;

export const TRACE_BYTES = 25;
export const ENTRY_FIELDS = 9 + DIMENSION_COUNT;

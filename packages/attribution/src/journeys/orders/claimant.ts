import {
  CLAIMANT_BYTES,
  type EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_USER_UUID,
  keyedHash,
} from "@tributary/protocol";

/**
 * A digest of a conversion's event ID and user key, in two words. It tells the conversions of one order apart in every partition and
 * process, so its keys are no secret, and names nobody: an erasure need not find it.
 */
export interface Claimant {
  low: number;
  high: number;
}

/** Keys of the two halves, from the fraction of pi. */
const LOW_KEY = 0x243f6a88;
const HIGH_KEY = 0x13198a2e;

/** Sets a claimant to the conversion of a row. */
export function digest(row: EventRow, claimant: Claimant): void {
  claimant.low = half(row, LOW_KEY);
  claimant.high = half(row, HIGH_KEY);
}

function half(row: EventRow, key: number): number {
  const { flags, id, idStart, idLength, user, userStart, userLength } = row;
  const ofId = keyedHash(id, idStart, idStart + idLength, key, flags & FLAG_ID_UUID);
  const kind = flags & (FLAG_ANONYMOUS | FLAG_USER_UUID);
  return keyedHash(user, userStart, userStart + userLength, ofId, key ^ kind) >>> 0;
}

/** Writes a claimant as a record has it. */
export function writeClaimant({ low, high }: Claimant, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, CLAIMANT_BYTES);
  view.setUint32(0, low);
  view.setUint32(4, high);
}

/** Reads the claimant in a record's row. */
export function readClaimant({ id, idStart }: EventRow, claimant: Claimant): void {
  const view = new DataView(id.buffer, id.byteOffset + idStart, CLAIMANT_BYTES);
  claimant.low = view.getUint32(0);
  claimant.high = view.getUint32(4);
}

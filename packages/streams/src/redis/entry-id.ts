/** Stream entry IDs: `<ms>-<sequence>`, ordered by both numbers. */

/** The ID before every entry. */
export const FIRST_ID = "0-0";

/** Compares two entry IDs, as a comparator does. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs = "0", aSequence = "0"] = a.split("-");
  const [bMs = "0", bSequence = "0"] = b.split("-");
  return Number(aMs) - Number(bMs) || Number(aSequence) - Number(bSequence);
}

/** Digits of the largest number of either part. */
const MS_DIGITS = 16;
const SEQUENCE_DIGITS = 20;

/** An entry ID as text whose order by bytes is that of the IDs. */
export function sortableId(id: string): string {
  const [ms = "0", sequence = "0"] = id.split("-");
  return `${ms.padStart(MS_DIGITS, "0")}-${sequence.padStart(SEQUENCE_DIGITS, "0")}`;
}

/** The entry ID that a text of {@link sortableId} begins with, and the length of that text. */
export function readSortableId(text: Buffer): { readonly id: string; readonly length: number } {
  const length = MS_DIGITS + 1 + SEQUENCE_DIGITS;
  const [ms, sequence] = text.toString("latin1", 0, length).split("-");
  return { id: `${BigInt(ms ?? 0)}-${BigInt(sequence ?? 0)}`, length };
}

/** When the entry was appended, ms since 1970 by the server's clock. */
export function entryTimeMs(id: string): number {
  return Number(id.split("-")[0]);
}

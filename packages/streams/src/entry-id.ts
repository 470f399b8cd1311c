/** Stream entry IDs: `<ms>-<sequence>`, ordered by both numbers. */

/** The ID before every entry. */
export const FIRST_ID = "0-0";

/** Compares two entry IDs, as a comparator does. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs = "0", aSequence = "0"] = a.split("-");
  const [bMs = "0", bSequence = "0"] = b.split("-");
  return Number(aMs) - Number(bMs) || Number(aSequence) - Number(bSequence);
}

/** When the entry was appended, ms since 1970 by the server's clock. */
export function entryTimeMs(id: string): number {
  return Number(id.split("-")[0]);
}

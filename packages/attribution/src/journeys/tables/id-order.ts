import { FLAG_ID_UUID, formatUuid, type EventRow } from "@tributary/protocol";

/**
 * Compares two rows' IDs as text, by their UTF-8 bytes: the second key of a path's order. Only asked where two events of
 * a user carry the same millisecond, so it may make strings.
 * @returns below 0, 0 or above 0, as a comparator does
 */
export function compareIds(a: EventRow, b: EventRow): number {
  if ((a.flags & b.flags & FLAG_ID_UUID) !== 0 || ((a.flags | b.flags) & FLAG_ID_UUID) === 0) {
    return compareBytes(a, b);
  }
  // One is a UUID in 16 bytes, the other text: a UUID's text is ASCII, so its bytes compare like the other's.
  const uuid = (a.flags & FLAG_ID_UUID) === 0 ? b : a;
  const text = uuid === a ? b : a;
  const left = formatUuid(uuid.id, uuid.idStart);
  const shared = Math.min(left.length, text.idLength);
  let order = left.length - text.idLength;
  for (let i = 0; i < shared; i += 1) {
    const difference = left.charCodeAt(i) - (text.id[text.idStart + i] as number);
    if (difference !== 0) {
      order = difference;
      break;
    }
  }
  return uuid === a ? order : -order;
}

function compareBytes(a: EventRow, b: EventRow): number {
  const shared = Math.min(a.idLength, b.idLength);
  for (let i = 0; i < shared; i += 1) {
    const difference = (a.id[a.idStart + i] as number) - (b.id[b.idStart + i] as number);
    if (difference !== 0) return difference;
  }
  return a.idLength - b.idLength;
}

/** A row's event ID as text. Makes a string: for rare uses. */
export function idText(row: EventRow): string {
  if ((row.flags & FLAG_ID_UUID) !== 0) return formatUuid(row.id, row.idStart);
  return new TextDecoder().decode(row.id.subarray(row.idStart, row.idStart + row.idLength));
}

/** A date and time without a zone: Date.parse would take the zone of the gateway's machine. */
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?$/;
const MS_AS_TEXT = /^\d{12,14}$/;

/** A time that a sender wrote as text: ISO 8601, UTC where it names no zone, or ms since 1970. @returns ms, NaN for none */
export function parseTimeText(text: string): number {
  const plain = text.trim();
  if (MS_AS_TEXT.test(plain)) return Number(plain);
  if (!WITHOUT_ZONE.test(plain)) return Date.parse(plain);
  return Date.parse(`${plain.replace(" ", "T").replace(",", ".")}Z`);
}

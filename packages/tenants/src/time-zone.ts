/**
 * An IANA time zone as it is written canonically; undefined where there is none of that name. Names only: offsets, which the
 * runtime knows as well, are none of the warehouse's zones.
 */
export function canonicalTimeZone(text: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(text)) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    // The runtime's way to say that it knows no such zone.
    return undefined;
  }
}

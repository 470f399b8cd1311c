/** Languages whose names of months are known. */
const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "nb", "fi", "cs"];

const months = new Map<string, number>();

/** A month by its full or short name in any of the languages above, from 1; undefined for another word. */
export function monthByName(name: string): number | undefined {
  if (months.size === 0) fill();
  const month = months.get(plain(name));
  return month === 0 ? undefined : month;
}

function fill(): void {
  for (const language of LANGUAGES) {
    for (let month = 1; month <= 12; month += 1) {
      const date = Date.UTC(2026, month - 1, 1);
      for (const style of ["long", "short"] as const) {
        // Within a date some languages give a month's name another ending than alone.
        const within = { day: "numeric", month: style, timeZone: "UTC" } as const;
        const parts = new Intl.DateTimeFormat(language, within).formatToParts(date);
        add(parts.find(({ type }) => type === "month")?.value, month);
        add(
          new Intl.DateTimeFormat(language, { month: style, timeZone: "UTC" }).format(date),
          month,
        );
      }
    }
  }
  // As British English and older exports shorten it.
  add("sept", 9);
}

/** A name that two languages give to different months is none. */
function add(name: string | undefined, month: number): void {
  if (name === undefined || /\d/.test(name)) return;
  const key = plain(name);
  const known = months.get(key);
  months.set(key, known === undefined || known === month ? month : 0);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(".", "").trim();
}

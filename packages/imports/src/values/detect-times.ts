import { FORMAT_READERS, readYearLast, TIME_FORMATS, type TimeFormat } from "./time-formats.ts";
import { DAY_MONTH_ORDERS, timeParser, type TimeParser } from "./time-parser.ts";
import { zoneClock, type ZoneClock } from "./zone-clock.ts";

/** Examples that are kept of each kind. */
const MAX_EXAMPLES = 3;

/** Dates whose order of day and month the column does not decide. */
export interface TimeQuestion {
  /** The formats to choose from: day first, month first. */
  readonly candidates: readonly [TimeFormat, TimeFormat];
  /** Dates that both read, differently. */
  readonly examples: readonly string[];
  /** How many of the samples. */
  readonly count: number;
  /** For people: why it is open. */
  readonly reason: string;
}

/** How the times of a column are written. */
export interface DetectedTimes {
  /** The formats found, the most frequent first; without those that are open. */
  readonly formats: readonly TimeFormat[];
  /** What was found and why, for people: a line a format. */
  readonly said: readonly string[];
  readonly open: readonly TimeQuestion[];
  /** Samples that were read, or would be once the questions are answered. */
  readonly read: number;
  /** Samples that no format reads. */
  readonly unread: { readonly count: number; readonly examples: readonly string[] };
  /** How many of the samples have no zone, so that the zone that was given decides. */
  readonly withoutZone: number;
  /** The parser of `formats`, see {@link timeParser}. */
  readonly parse: TimeParser;
}

/**
 * The formats of a column's times, by the evidence of all samples together: one date with a day above 12 decides the
 * order of day and month of all dates with its separator. With points the day is first unless the column shows the
 * opposite, as no country writes the month first with them. What stays undecided is a question and no guess.
 * @param samples the column's cells; empty ones are skipped
 * @param zone IANA name, of times without one
 * @throws ImportError `mapping` for a zone that does not exist
 */
export function detectTimeFormats(samples: Iterable<string>, zone: string): DetectedTimes {
  const evidence = new TimeEvidence();
  for (const sample of samples) evidence.add(sample);
  return evidence.decide(zone);
}

const LATER: ZoneClock = { toMs: (ms) => ms + 1, startOfDay: (ms) => ms + 1 };
const UTC = zoneClock("UTC");
const PLAIN = (Object.keys(TIME_FORMATS) as TimeFormat[]).filter(
  (name) => !/^(?:dd|mm)/.test(name),
);

interface Sighting {
  count: number;
  readonly examples: string[];
}

interface Order {
  readonly dayFirst: Sighting;
  readonly monthFirst: Sighting;
  readonly either: Sighting;
}

/** What the cells of a column say about the formats of its times; takes them one after the other. */
export class TimeEvidence {
  readonly #plain = new Map<TimeFormat, Sighting>();
  readonly #orders = new Map<string, Order>();
  readonly #unread: Sighting = sighting();
  #read = 0;
  #withoutZone = 0;

  add(sample: string): void {
    const text = sample.trim();
    if (text === "") return;
    const date = readYearLast(text);
    const found = date === undefined ? this.#addPlain(text) : this.#addDate(text, date);
    if (found) this.#read += 1;
    else see(this.#unread, text);
  }

  decide(zone: string): DetectedTimes {
    const decided = [...this.#plain].map(([format, { count, examples }]) => ({
      formats: [format],
      count,
      said: `${format}: ${values(count)} such as "${examples[0] ?? ""}"`,
    }));
    const open: TimeQuestion[] = [];
    for (const [separator, order] of this.#orders) {
      const candidates = DAY_MONTH_ORDERS[separator as keyof typeof DAY_MONTH_ORDERS];
      const one = decideOrder(separator, order, candidates);
      if (one.formats.length > 0) decided.push(one);
      if (one.question !== undefined) open.push(one.question);
    }
    decided.sort((a, b) => b.count - a.count);
    const formats = decided.flatMap((one) => one.formats);
    return {
      formats,
      said: decided.map(({ said }) => said),
      open,
      read: this.#read,
      unread: this.#unread,
      withoutZone: this.#withoutZone,
      parse: timeParser(formats, zone),
    };
  }

  #addPlain(text: string): boolean {
    for (const format of PLAIN) {
      const reader = FORMAT_READERS[format];
      const ms = reader(text, UTC);
      if (ms === undefined) continue;
      if (reader(text, LATER) !== ms) this.#withoutZone += 1;
      let seen = this.#plain.get(format);
      if (seen === undefined) this.#plain.set(format, (seen = sighting()));
      see(seen, text);
      return true;
    }
    return false;
  }

  #addDate(text: string, { separator }: { readonly separator: string }): boolean {
    const [dayFirst, monthFirst] = DAY_MONTH_ORDERS[separator as keyof typeof DAY_MONTH_ORDERS];
    const asDay = FORMAT_READERS[dayFirst](text, UTC);
    const asMonth = FORMAT_READERS[monthFirst](text, UTC);
    const ms = asDay ?? asMonth;
    if (ms === undefined) return false;
    const reader = FORMAT_READERS[asDay === undefined ? monthFirst : dayFirst];
    if (reader(text, LATER) !== ms) this.#withoutZone += 1;
    let order = this.#orders.get(separator);
    if (order === undefined) {
      order = { dayFirst: sighting(), monthFirst: sighting(), either: sighting() };
      this.#orders.set(separator, order);
    }
    see(
      asDay === undefined
        ? order.monthFirst
        : asMonth === undefined
          ? order.dayFirst
          : order.either,
      text,
    );
    return true;
  }
}

interface Decision {
  readonly formats: TimeFormat[];
  readonly count: number;
  readonly said: string;
  readonly question?: TimeQuestion;
}

function decideOrder(
  separator: string,
  { dayFirst, monthFirst, either }: Order,
  candidates: readonly [TimeFormat, TimeFormat],
): Decision {
  const count = dayFirst.count + monthFirst.count + either.count;
  const [day, month] = candidates;
  const ask = (reason: string): TimeQuestion => ({
    candidates,
    examples: either.examples,
    count: either.count,
    reason,
  });
  if (dayFirst.count > 0 && monthFirst.count > 0) {
    const reason = `"${dayFirst.examples[0]}" has the day first, "${monthFirst.examples[0]}" the month`;
    const decision = { formats: [day, month], count, said: `${day} and ${month}: ${reason}` };
    return either.count === 0 ? decision : { ...decision, question: ask(reason) };
  }
  if (dayFirst.count > 0) {
    const said = `${day}: ${values(count)}, day first as in "${dayFirst.examples[0]}"`;
    return { formats: [day], count, said };
  }
  if (monthFirst.count > 0) {
    const said = `${month}: ${values(count)}, month first as in "${monthFirst.examples[0]}"`;
    return { formats: [month], count, said };
  }
  if (separator === ".") {
    const said = `${day}: ${values(count)} such as "${either.examples[0]}", day first as always with points`;
    return { formats: [day], count, said };
  }
  const reason = `no date has a day above 12: "${either.examples[0]}" may have the day or the month first`;
  return { formats: [], count, said: "", question: ask(reason) };
}

function sighting(): Sighting {
  return { count: 0, examples: [] };
}

function see(seen: Sighting, text: string): void {
  seen.count += 1;
  if (seen.examples.length < MAX_EXAMPLES) seen.examples.push(text.slice(0, 64));
}

function values(count: number): string {
  return count === 1 ? "1 value" : `${count} values`;
}

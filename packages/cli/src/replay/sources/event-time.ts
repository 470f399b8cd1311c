import { ImportError, timeParser, tokenParser, UNAMBIGUOUS_FORMATS } from "@tributary/imports";
import { CliError } from "../../errors.ts";

/** How the times of a file are written. */
export interface TimeOptions {
  /** `s`, `ms`, `us` or `ns` since 1970, or tokens such as `dd.MM.yyyy HH:mm`; without it every form that tells itself apart. */
  readonly format?: string | undefined;
  /** IANA zone of times without one; by default UTC. */
  readonly zone?: string | undefined;
}

/** Reads the times of a file. */
export interface TimeReader {
  /** A time as ms since 1970 (a fraction is cut off), or undefined where it is none. */
  readonly read: (value: unknown) => number | undefined;
  /** The expected form, for messages. */
  readonly expected: string;
}

/**
 * A reader of times in one format and zone. A local time that a change of clocks leaves out is none; of one that comes
 * twice it is the first.
 * @throws CliError `usage` for a zone that there is not, or a format that no time can be read by
 */
export function timeReader({ format, zone = "UTC" }: TimeOptions): TimeReader {
  const anyTime = asOption(`--time-zone ${zone}`, () => timeParser(UNAMBIGUOUS_FORMATS, zone));
  if (format === undefined) {
    return {
      read: (value) => anyTime(textOf(value)),
      expected: `expected s, ms, us or ns since 1970, ISO 8601 or a timestamp of a database, or RFC 2822 (without a zone: ${zone})`,
    };
  }
  const { parse, ownZone } = asOption(`--time-format ${format}`, () => tokenParser(format, zone));
  const isEpoch = /^(?:s|ms|us|ns)$/.test(format);
  return {
    read: (value) => parse(textOf(value)),
    expected: isEpoch
      ? `expected a number of ${format} since 1970`
      : `expected a time as ${format}${ownZone ? "" : ` in ${zone}`} (that exists there)`,
  };
}

/** The default reader. */
export const ANY_TIME: TimeReader = timeReader({});

function asOption<T>(option: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new CliError("usage", `${option}: ${error.message}`);
  }
}

function textOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim() : "";
}

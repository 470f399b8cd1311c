/** Parsers of option values. Commander puts the option's name and the given text before their message. */
import { InvalidArgumentError } from "commander";
import { isRedisUrl } from "../config.ts";

/** An integer within bounds, both included. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected an integer from ${min} to ${max}.`);
    }
    return value;
  };
}

/** An http or https address; its trailing slash is dropped. */
export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new InvalidArgumentError("Expected an address such as http://127.0.0.1:8080.");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidArgumentError(
      "Expected an address without a query, such as http://127.0.0.1:8080.",
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** A Redis address, or several separated by commas for a cluster. It is not repeated: it may hold a password. */
export function redisUrl(text: string): string {
  if (isRedisUrl(text)) return text;
  throw new InvalidArgumentError("Expected an address such as redis://127.0.0.1:6379.");
}

/** Names out of a closed list, separated by commas; `all` stands for every one where allowed. */
export function nameList<Name extends string>(
  allowed: readonly Name[],
): (text: string) => readonly Name[] {
  return (text) => {
    if (text === "all") return allowed;
    const names: Name[] = [];
    for (const part of text.split(",").map((name) => name.trim())) {
      const name = allowed.find((candidate) => candidate === part);
      if (name === undefined) {
        throw new InvalidArgumentError(
          `${part === "" ? "An empty name" : `"${part}"`} is not one of ${allowed.join(", ")} (several are separated by commas).`,
        );
      }
      if (!names.includes(name)) names.push(name);
    }
    return names;
  };
}

/**
 * A day (`2026-10-01`), an ISO 8601 time, or milliseconds since 1970; as ISO 8601. A day and a time without an offset stay as they
 * are: the reports read them in the time zone that is asked for, else in the tenant's.
 */
export function instant(text: string): string {
  const shape = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/;
  const [, day = "", time = "", offset = ""] = shape.exec(text) ?? [];
  const isMs = /^\d{12,14}$/.test(text);
  const ms = isMs ? Number(text) : Date.parse(`${day}${time}${time === "" ? "" : offset || "Z"}`);
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      "Expected a day such as 2026-10-01, a time such as 2026-10-01T12:00 or 2026-10-01T12:00:00Z, or milliseconds since 1970.",
    );
  }
  if (isMs || offset !== "") return new Date(ms).toISOString();
  // The reports take milliseconds at most.
  return text.replace(/(\.\d{3})\d+$/, "$1");
}

/** As {@link duration}, or `none`. */
export function window(text: string): string {
  if (text === "none" || DURATION.test(text)) return text;
  throw new InvalidArgumentError(
    "Expected a whole number and its unit (ms, s, m, h or d), such as 30d or 12h, or none.",
  );
}

const DURATION = /^\d{1,12}(ms|s|m|h|d)$/;

/** A whole number and its unit, such as `30d` or `12h`; as it is. */
export function duration(text: string): string {
  if (DURATION.test(text)) return text;
  throw new InvalidArgumentError(
    "Expected a whole number and its unit (ms, s, m, h or d), such as 30d or 12h.",
  );
}

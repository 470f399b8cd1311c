/** A tenant's own rules of channels, which go before those of everybody. */
import { QUERY_ONLY, type UtmReading } from "@tributary/protocol";
import { Names, type NameSettings } from "./names.ts";

/** Fields of a signal that a rule may look at. */
export const RULE_FIELDS = ["type", "source", "medium", "campaign", "referrer", "url"] as const;
type RuleField = (typeof RULE_FIELDS)[number];

/**
 * One rule: the channel, and per field the patterns of which one must fit, all fields that it names. A pattern is the whole
 * value, case aside, in which `*` stands for any characters; of `referrer` it is the host, without `www.`.
 */
export type ChannelRuleSettings = { readonly channel: string } & {
  readonly [field in RuleField]?: readonly string[] | undefined;
};

/** A tenant's own rules of channels. */
export interface ChannelSettings {
  /** In their order: the first that fits names the channel. */
  readonly rules: readonly ChannelRuleSettings[];
  /** Hosts, with their subdomains, that count as no referrer: visits from them are direct, as from a payment provider. */
  readonly excludedReferrers: readonly string[];
  /** Which names are one; without it each is its own. */
  readonly names?: NameSettings | undefined;
  /** Where UTM parameters are read besides a URL's query. */
  readonly utm?: UtmReading | undefined;
  /** Channels that last_non_direct passes over; without it those of everybody. */
  readonly direct?: readonly string[] | undefined;
}

/** A signal's values that rules look at: lower case, "" for none. */
export type RuleValues = Readonly<Record<RuleField, string>>;

interface Rule {
  readonly channel: string;
  readonly tests: readonly { readonly field: RuleField; readonly patterns: readonly string[][] }[];
}

/** The rules of a tenant, made ready. */
export class TenantRules {
  /** What they were made from. */
  readonly settings: ChannelSettings;
  readonly #rules: readonly Rule[];
  readonly #excluded: ReadonlySet<string>;
  /** Undefined where each name is its own. */
  readonly names: Names | undefined;
  readonly utm: UtmReading;

  constructor(settings: ChannelSettings) {
    this.names = settings.names === undefined ? undefined : new Names(settings.names);
    this.utm = settings.utm ?? QUERY_ONLY;
    this.settings = settings;
    this.#rules = settings.rules.map((rule) => ({
      channel: rule.channel,
      tests: RULE_FIELDS.flatMap((field) => {
        const patterns = rule[field];
        if (patterns === undefined) return [];
        return [{ field, patterns: patterns.map((text) => text.toLowerCase().split("*")) }];
      }),
    }));
    this.#excluded = new Set(settings.excludedReferrers.map((host) => host.toLowerCase()));
  }

  /** The channel of the first rule that fits; undefined where none does. */
  channelOf(values: RuleValues): string | undefined {
    return this.#rules.find(({ tests }) =>
      tests.every(({ field, patterns }) =>
        patterns.some((pieces) => fitsPattern(values[field], pieces)),
      ),
    )?.channel;
  }

  /** Whether a host counts as no referrer. */
  excludes(host: string): boolean {
    for (let at = 0; ;) {
      if (this.#excluded.has(host.slice(at))) return true;
      const dot = host.indexOf(".", at);
      if (dot < 0) return false;
      at = dot + 1;
    }
  }
}

/** Whether a text matches a pattern. @param pieces the texts between its `*` */
function fitsPattern(text: string, pieces: readonly string[]): boolean {
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  // The earliest place of each piece leaves most for the next, so no way back is needed.
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

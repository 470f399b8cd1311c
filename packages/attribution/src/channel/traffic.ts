import type { Site } from "./channels.ts";
import type { ClickId } from "./click-ids.ts";
import type { Names } from "./names.ts";
import { isSameSite } from "./same-site.ts";
import { passedThrough, siteOfHost, siteOfSource, type PassedThrough } from "./sites.ts";
import type { TenantRules } from "./tenant-rules.ts";
import { hostOf, readLandingQuery, type LandingQuery } from "./url.ts";

/** The fields of an event from which its channel is named. */
export interface ChannelSignal {
  /** The event's type; only `impression` makes a difference. */
  readonly type: string;
  /** An explicit channel: it wins as it is. */
  readonly channel?: string | undefined;
  readonly source?: string | undefined;
  readonly medium?: string | undefined;
  readonly campaign?: string | undefined;
  /** The page before, as a URL or a bare host. */
  readonly referrer?: string | undefined;
  /** The page landed on; its query may carry UTM parameters and a click identifier. */
  readonly url?: string | undefined;
}

/** Why a referrer counts as none: nobody was brought by the page. */
export type PassedOver = PassedThrough | "self_referral" | "excluded_referrer";

/** A signal with its URL and referrer read, in lower case, without placeholders. */
export interface Traffic {
  readonly source: string | undefined;
  readonly medium: string;
  readonly campaign: string;
  readonly sourceSite: Site | undefined;
  /** Undefined where there is none, or it is one that {@link PassedOver} names. */
  readonly referrerHost: string | undefined;
  readonly referrerSite: Site | undefined;
  readonly passedOver: PassedOver | undefined;
  readonly clickId: ClickId | undefined;
}

/** Placeholders that trackers write for an unknown value. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  "(not set)",
  "(none)",
  "none",
  "null",
  "undefined",
]);
const EMPTY_QUERY: LandingQuery = Object.freeze({ utm: Object.freeze({}), clickId: undefined });

/** Reads a signal. @param own of the tenant */
export function readTraffic(signal: ChannelSignal, own: TenantRules | undefined): Traffic {
  const { utm, clickId } =
    signal.url === undefined ? EMPTY_QUERY : readLandingQuery(signal.url, own?.utm);
  const names = own?.names;
  const source = textOf("source", signal.source, utm.source, names);
  let referrerHost = signal.referrer === undefined ? undefined : hostOf(signal.referrer);
  const passedOver =
    referrerHost === undefined ? undefined : passedOverBy(referrerHost, signal, own);
  if (passedOver !== undefined) referrerHost = undefined;
  return {
    source,
    medium: textOf("medium", signal.medium, utm.medium, names) ?? "",
    campaign: textOf("campaign", signal.campaign, utm.campaign, names) ?? "",
    sourceSite: source === undefined ? undefined : siteOfSource(source),
    referrerHost,
    referrerSite: referrerHost === undefined ? undefined : siteOfHost(referrerHost),
    passedOver,
    clickId,
  };
}

/** The event's own text, else that of its URL, as the tenant names it. */
function textOf(
  field: "source" | "medium" | "campaign",
  own: string | undefined,
  tagged: string | undefined,
  names: Names | undefined,
): string | undefined {
  const text = meaningful(own) ?? meaningful(tagged);
  if (text === undefined || names === undefined) return text;
  // Named as it was written: an alias may tell upper from lower case.
  const written = meaningful(own) === undefined ? tagged : own;
  return meaningful(names.of(field, written ?? ""));
}

function meaningful(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = value.trim().toLowerCase();
  return text === "" || PLACEHOLDERS.has(text) ? undefined : text;
}

function passedOverBy(
  host: string,
  { referrer = "", url }: ChannelSignal,
  own: TenantRules | undefined,
): PassedOver | undefined {
  const through = passedThrough(host, referrer);
  if (through !== undefined) return through;
  if (own?.excludes(host) === true) return "excluded_referrer";
  const landed = url === undefined ? undefined : hostOf(url);
  return landed !== undefined && isSameSite(host, landed) ? "self_referral" : undefined;
}

/** Where a Segment event says that its user came from. */
import { EVENT_LIMITS } from "@tributary/protocol";
import { add, cut, type Fields, type OmitField, recordOf, textOf } from "./fields.ts";

export interface Origin {
  /** Segment's campaign object: `source`, `medium`, `name`, `term`, `content`; empty where there is none. */
  readonly campaign: Fields;
  /** Address of the page, or of the deep link; a path alone where there is no more. */
  readonly url: string | undefined;
  readonly referrer: string | undefined;
}

const CAMPAIGN_FIELDS = [
  ["source", "source"],
  ["medium", "medium"],
  ["campaign", "name"],
  ["term", "term"],
  ["content", "content"],
] as const;
/** Query parameters that make a page the landing of an advertisement, wherever its link was. */
const ADVERTISED = /[?&](?:utm_[a-z]+|[a-z]*clid|clickid|gad_source|gbraid|wbraid)=/i;
/** The name of an app: `com.google.android.gm`. */
const APP = /^[a-z]\w*(?:\.[\w-]+)+$/i;
const APP_ADDRESS = /^(?:android|ios)-app:\/\/([^/?#]+)/i;
/** Apps that open whatever a user taps on: they name no source. */
const BROWSERS_AND_LAUNCHERS: ReadonlySet<string> = new Set([
  "com.android.browser",
  "com.android.chrome",
  "com.android.launcher",
  "com.apple.mobilesafari",
  "com.apple.springboard",
  "com.brave.browser",
  "com.google.android.apps.nexuslauncher",
  "com.google.chrome.ios",
  "com.microsoft.emmx",
  "com.opera.browser",
  "com.sec.android.app.launcher",
  "com.sec.android.app.sbrowser",
  "org.mozilla.firefox",
  "org.mozilla.ios.firefox",
]);

/** Reads it: an event's own properties go before its context, which goes on from event to event. */
export function originOf(sent: Fields, properties: Fields): Origin {
  const context = recordOf(sent["context"]);
  return {
    campaign: campaignOf(context, properties),
    url: urlOf(context, properties),
    referrer: referrerOf(context, properties),
  };
}

/** Whether it names a source: a campaign, a click, or the page or app before. */
export function namesSource({ campaign, url, referrer }: Origin): boolean {
  return (
    hasCampaign(campaign) || referrer !== undefined || (url !== undefined && ADVERTISED.test(url))
  );
}

/** A page that was reached from another one of the same site is no arrival: it belongs to the visit that goes on. */
export function isWithinSite({ campaign, url, referrer }: Origin): boolean {
  if (hasCampaign(campaign)) return false;
  if (url === undefined || referrer === undefined || ADVERTISED.test(url)) return false;
  const host = hostOf(url);
  return host !== undefined && host === hostOf(referrer);
}

/** Adds the fields that a channel is named by. */
export function addOrigin(
  event: Record<string, unknown>,
  { campaign, url, referrer }: Origin,
  omit: OmitField,
): void {
  for (const [field, from] of CAMPAIGN_FIELDS) {
    add(event, field, cut(textOf(campaign[from]), EVENT_LIMITS.utmBytes, field, omit));
  }
  add(event, "url", cut(url, EVENT_LIMITS.urlBytes, "url", omit));
  add(event, "referrer", cut(referrer, EVENT_LIMITS.urlBytes, "referrer", omit));
}

function hasCampaign(campaign: Fields): boolean {
  return CAMPAIGN_FIELDS.some(([, from]) => textOf(campaign[from]) !== undefined);
}

/** Mobile events have it in their properties (https://segment.com/docs/connections/spec/mobile/#campaign-events). */
function campaignOf(context: Fields, properties: Fields): Fields {
  const own = recordOf(properties["campaign"]);
  return hasCampaign(own) ? own : recordOf(context["campaign"]);
}

function urlOf(context: Fields, properties: Fields): string | undefined {
  const page = recordOf(context["page"]);
  const url = textOf(page["url"]) ?? textOf(properties["url"]);
  const search = textOf(page["search"]) ?? textOf(properties["search"]);
  const query = search?.startsWith("?") === true ? search : "";
  if (url === undefined) {
    const path = textOf(page["path"]) ?? textOf(properties["path"]) ?? "";
    return textOf((path.startsWith("/") ? path : "") + query);
  }
  // A page's canonical address may lack the query, and with it the click ID.
  return url.includes("?") ? url : url.replace(/(?=#)|$/, query);
}

function referrerOf(context: Fields, properties: Fields): string | undefined {
  const referrer =
    textOf(recordOf(context["page"])["referrer"]) ??
    textOf(properties["referrer"]) ??
    textOf(recordOf(context["referrer"])["url"]) ??
    appBefore(context, properties);
  const app = referrer === undefined ? undefined : APP_ADDRESS.exec(referrer)?.[1];
  return app !== undefined && BROWSERS_AND_LAUNCHERS.has(app.toLowerCase()) ? undefined : referrer;
}

/** The app that opened this one, as an address; undefined where it is a name for people, such as `GMail`. */
function appBefore(context: Fields, properties: Fields): string | undefined {
  const app = textOf(properties["referring_application"]);
  if (app === undefined || APP_ADDRESS.test(app)) return app;
  if (!APP.test(app)) return undefined;
  const system = textOf(recordOf(context["os"])["name"]) ?? "";
  return `${/^(?:ios|ipados|iphone)/i.test(system) ? "ios" : "android"}-app://${app}`;
}

function hostOf(url: string): string | undefined {
  return URL.parse(url)?.hostname.replace(/^www\./, "");
}

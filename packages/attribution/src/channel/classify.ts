import type { Channel, Site } from "./channels.ts";
import { passedThrough } from "./sites.ts";
import type { TenantRules } from "./tenant-rules.ts";
import { readTraffic, type ChannelSignal, type Traffic } from "./traffic.ts";

export type { ChannelSignal } from "./traffic.ts";
export { utmFromUrl, type Utm } from "./url.ts";

/** Why a channel was chosen. docs/models.md explains each. */
export const CHANNEL_RULES = [
  "explicit_channel",
  "tenant_rule",
  "cross_network_campaign",
  "paid_medium",
  "paid_click_id",
  "display_medium",
  "payment_provider",
  "sign_in",
  "excluded_referrer",
  "direct_source",
  "self_referral",
  "no_signal",
  "impression",
  "shopping_campaign",
  "source",
  "medium",
  "referrer_site",
  "click_id",
  "referral",
  "unassigned",
] as const;

export type ChannelRule = (typeof CHANNEL_RULES)[number];

export interface Classification {
  /** One of CHANNELS, the explicit channel, or that of the tenant's rule. */
  channel: string;
  rule: ChannelRule;
}

type Verdict = { channel: Channel; rule: ChannelRule };

const DIRECT_SOURCES: ReadonlySet<string> = new Set(["(direct)", "direct", "$direct"]);
const DISPLAY_MEDIUMS: ReadonlySet<string> = new Set([
  "display",
  "banner",
  "expandable",
  "interstitial",
  "cpm",
]);
const SOCIAL_MEDIUMS: ReadonlySet<string> = new Set([
  "social",
  "social-network",
  "social-media",
  "sm",
  "social network",
  "social media",
]);
const EMAIL_TAGS: ReadonlySet<string> = new Set(["email", "e-mail", "e_mail", "e mail"]);
const AFFILIATE_MEDIUMS: ReadonlySet<string> = new Set(["affiliate", "affiliates"]);
const REFERRAL_MEDIUMS: ReadonlySet<string> = new Set(["referral", "app", "link"]);
/** GA4's ^(.*(([^a-df-z]|^)shop|shopping).*)$: eshop and web-shop, but not workshop. */
const SHOPPING_CAMPAIGN = /(?:^|[^a-df-z])shop|shopping/;

const PAID_CHANNELS: Readonly<Record<Site, Channel | undefined>> = {
  ai: undefined,
  shopping: "paid_shopping",
  search: "paid_search",
  social: "paid_social",
  video: "paid_video",
  display: "display",
  email: undefined,
  affiliates: undefined,
};
const ORGANIC_CHANNELS: Readonly<Record<Site, Channel>> = {
  ai: "ai_assistant",
  shopping: "organic_shopping",
  search: "organic_search",
  social: "organic_social",
  video: "organic_video",
  display: "display",
  email: "email",
  affiliates: "affiliates",
};

/**
 * The channel of a touchpoint, by GA4's default channel groups
 * (https://support.google.com/analytics/answer/9756891), in the order explicit channel, cross-network,
 * paid, direct, organic. The event's own fields win over the UTM parameters of its URL, field by field.
 * Never throws, whatever the strings hold.
 * @param own of the tenant: they go right after the explicit channel
 * Cost: about 0.2 µs from fields alone, 1 to 2 µs with a URL and a referrer.
 */
export function classifyChannel(signal: ChannelSignal, own?: TenantRules): Classification {
  const explicit = signal.channel;
  if (explicit !== undefined && explicit.trim() !== "")
    return { channel: explicit, rule: "explicit_channel" };
  const traffic = readTraffic(signal, own);
  const channel = own?.channelOf({
    type: signal.type,
    source: traffic.source ?? "",
    medium: traffic.medium,
    campaign: traffic.campaign,
    referrer: traffic.referrerHost ?? "",
    url: signal.url?.toLowerCase() ?? "",
  });
  if (channel !== undefined) return { channel, rule: "tenant_rule" };
  if (traffic.campaign.includes("cross-network"))
    return { channel: "cross_network", rule: "cross_network_campaign" };
  const verdict = paidVerdict(traffic) ?? directVerdict(traffic) ?? organicVerdict(traffic);
  return signal.type === "impression" && isUntold(verdict, traffic)
    ? { channel: "display", rule: "impression" }
    : verdict;
}

/**
 * Whether the channel of an impression comes from the page that showed it, or from nothing. Nobody arrives directly at an
 * advertisement that was shown, nor does the page that shows it refer anybody.
 */
function isUntold({ channel, rule }: Verdict, { medium }: Traffic): boolean {
  if (channel === "direct" || rule === "referrer_site" || rule === "referral") return true;
  return rule === "unassigned" && medium === "";
}

/** GA4's ^(.*cp.*|ppc|retargeting|paid.*)$ */
function isPaidMedium(medium: string): boolean {
  return (
    medium.includes("cp") ||
    medium === "ppc" ||
    medium === "retargeting" ||
    medium.startsWith("paid")
  );
}

function paidVerdict(traffic: Traffic): Verdict | undefined {
  const { medium, campaign, sourceSite, referrerSite, clickId } = traffic;
  const byMedium = isPaidMedium(medium);
  const byClickId = clickId?.paid === true;
  const isDisplay = DISPLAY_MEDIUMS.has(medium);
  const rule = byMedium ? "paid_medium" : "paid_click_id";
  // A click identifier does not overrule the tag that says display.
  if (byMedium || (byClickId && !isDisplay)) {
    if (sourceSite === "shopping" || SHOPPING_CAMPAIGN.test(campaign))
      return { channel: "paid_shopping", rule };
    const channel =
      paidChannel(sourceSite) ?? paidChannel(referrerSite) ?? paidChannel(clickId?.site);
    if (channel !== undefined) return { channel, rule };
  }
  if (isDisplay) return { channel: "display", rule: "display_medium" };
  return byMedium || byClickId ? { channel: "paid_other", rule } : undefined;
}

function paidChannel(site: Site | undefined): Channel | undefined {
  return site === undefined ? undefined : PAID_CHANNELS[site];
}

function directVerdict(traffic: Traffic): Verdict | undefined {
  const { source, medium, campaign, referrerHost, passedOver, clickId } = traffic;
  if (clickId !== undefined) return undefined;
  if (source !== undefined) {
    // Exports of other analytics name the page as source, with medium referral.
    if (medium === "" || medium === "referral") {
      const through = passedThrough(source, "");
      if (through !== undefined) return { channel: "direct", rule: through };
    }
    return medium === "" && DIRECT_SOURCES.has(source)
      ? { channel: "direct", rule: "direct_source" }
      : undefined;
  }
  if (medium !== "" || campaign !== "" || referrerHost !== undefined) return undefined;
  return { channel: "direct", rule: passedOver ?? "no_signal" };
}

/**
 * AI assistants, then GA4's order: shopping, social, video, search, by source or medium; then the channels of a medium alone.
 */
function organicVerdict(traffic: Traffic): Verdict {
  const { source, medium, referrerHost, referrerSite, clickId } = traffic;
  const tagged = siteVerdict(traffic) ?? mediumVerdict(medium, source);
  if (tagged !== undefined) return tagged;
  if (referrerSite !== undefined)
    return { channel: ORGANIC_CHANNELS[referrerSite], rule: "referrer_site" };
  if (clickId?.site !== undefined)
    return { channel: ORGANIC_CHANNELS[clickId.site], rule: "click_id" };
  if (REFERRAL_MEDIUMS.has(medium)) return { channel: "referral", rule: "medium" };
  if (referrerHost !== undefined) return { channel: "referral", rule: "referral" };
  return { channel: "other", rule: "unassigned" };
}

function siteVerdict({ medium, campaign, sourceSite }: Traffic): Verdict | undefined {
  if (sourceSite === "ai") return { channel: "ai_assistant", rule: "source" };
  if (medium === "ai-assistant") return { channel: "ai_assistant", rule: "medium" };
  if (sourceSite === "shopping") return { channel: "organic_shopping", rule: "source" };
  if (SHOPPING_CAMPAIGN.test(campaign))
    return { channel: "organic_shopping", rule: "shopping_campaign" };
  if (sourceSite === "social") return { channel: "organic_social", rule: "source" };
  if (SOCIAL_MEDIUMS.has(medium)) return { channel: "organic_social", rule: "medium" };
  if (sourceSite === "video") return { channel: "organic_video", rule: "source" };
  if (medium.includes("video")) return { channel: "organic_video", rule: "medium" };
  if (sourceSite === "search") return { channel: "organic_search", rule: "source" };
  if (medium === "organic") return { channel: "organic_search", rule: "medium" };
  return sourceSite === "email" ? { channel: "email", rule: "source" } : undefined;
}

function mediumVerdict(medium: string, source: string | undefined): Verdict | undefined {
  if (EMAIL_TAGS.has(medium)) return { channel: "email", rule: "medium" };
  if (source !== undefined && EMAIL_TAGS.has(source)) return { channel: "email", rule: "source" };
  if (AFFILIATE_MEDIUMS.has(medium)) return { channel: "affiliates", rule: "medium" };
  if (medium === "audio") return { channel: "audio", rule: "medium" };
  if (medium === "sms") return { channel: "sms", rule: "medium" };
  if (source === "sms") return { channel: "sms", rule: "source" };
  if (medium.endsWith("push") || medium.includes("mobile") || medium.includes("notification")) {
    return { channel: "mobile_push_notifications", rule: "medium" };
  }
  return source === "firebase"
    ? { channel: "mobile_push_notifications", rule: "source" }
    : undefined;
}

import { Buffer } from "node:buffer";
import { EVENT_LIMITS } from "@tributary/protocol";
import { hostOf, readLandingQuery } from "../channel/url.ts";

/** Parameter in which a tracking link gives its click's ID to the page that it leads to: docs/links.md. */
const LINK_CLICK = "tclid";
/** Parameter in which it gives its channel, where it names one. */
const LINK_CHANNEL = "tchannel";

/** Channel of the visits that nobody brought. */
export const DIRECT = "direct";

/** Kinds of {@link textKey}s: a number stands for one text of one of them. */
export const SIGNATURE_KEYS = 1;
export const REFERRER_KEYS = 2;
export const LINK_CLICK_KEYS = 3;

/** The fields of a click or visit, as the fact has them; "" for none. */
export interface OriginFields {
  readonly channel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly referrer: string;
  readonly url: string;
}

/** Where a click or visit came from: docs/models.md, "Arrivals". Texts are "" for none. */
export interface Origin {
  /** Channel, source, medium and campaign in lower case; without the last three the host of the referrer as well. */
  readonly signature: string;
  readonly referrerHost: string;
  /** Whether nothing but the referrer tells: no source, medium, campaign or click identifier. */
  readonly byReferrer: boolean;
  /** Whether nobody brought the person, whatever channels a tenant's models pass over as direct. */
  readonly isDirect: boolean;
  /** ID of the click of our own tracking link that the page's address has. */
  readonly linkClick: string;
}

/** The origin that a click's or visit's fields give. */
export function originOf({
  channel,
  source,
  medium,
  campaign,
  referrer,
  url,
}: OriginFields): Origin {
  const isTagged = source !== "" || medium !== "" || campaign !== "";
  const referrerHost = referrerHostOf(referrer);
  return {
    signature: signatureText(channel, source, medium, campaign, referrerHost),
    referrerHost,
    isDirect: channel === DIRECT,
    byReferrer: !isTagged && referrerHost !== "" && !hasClickId(url),
    linkClick: linkClickOf(url),
  };
}

/** The signature of an {@link Origin}. @param referrerHost counts only where there is no source, medium or campaign */
export function signatureText(
  channel: string,
  source: string,
  medium: string,
  campaign: string,
  referrerHost: string,
): string {
  const tags = `${source}\0${medium}\0${campaign}`;
  const end = tags === "\0\0" ? referrerHost : "";
  return `${channel}\0${tags}\0${end}`.toLowerCase();
}

/** Host of a referrer, in lower case and without `www.`; "" for none. */
export function referrerHostOf(referrer: string): string {
  return referrer === "" ? "" : (hostOf(referrer) ?? "");
}

/** Whether an address has a click identifier of an advertising network. */
export function hasClickId(url: string): boolean {
  return url.includes("?") && readLandingQuery(url).clickId !== undefined;
}

/** ID of the click of our own tracking link that leads to an address; "" for none. Of several the first counts. */
export function linkClickOf(url: string): string {
  return parameterOf(url, LINK_CLICK);
}

/** Channel that our own tracking link gives to the page that it leads to; "" for none. */
export function linkChannelOf(url: string): string {
  const channel = parameterOf(url, LINK_CHANNEL);
  if (channel === "" || linkClickOf(url) === "") return "";
  return Buffer.byteLength(channel) <= EVENT_LIMITS.channelBytes ? channel : "";
}

/** The first value of a query's parameter that is not empty; "" for none. */
function parameterOf(url: string, name: string): string {
  if (!url.includes(`${name}=`)) return "";
  const page = url.split("#", 1)[0] ?? "";
  const mark = page.indexOf("?");
  if (mark < 0) return "";
  return new URLSearchParams(page.slice(mark + 1)).getAll(name).find((value) => value !== "") ?? "";
}

import type { OutgoingEvent } from "../core/event.ts";

type Origin = Pick<
  OutgoingEvent,
  "type" | "name" | "url" | "referrer" | "source" | "medium" | "campaign" | "term" | "content"
>;

const UTM_FIELDS = ["source", "medium", "campaign", "term", "content"] as const;
/** Query parameters that make a page the landing of an advertisement, as the gateway has it of Segment's pages. */
const ADVERTISED = /[?&](utm_[a-z]+|[a-z]*clid|clickid|gad_source|gbraid|wbraid)=/i;
const UTM_BYTES = 256;
const URL_BYTES = 2048;

/**
 * A page view as an event: a `visit`, which is a touchpoint, where the visitor arrives; `custom` where the visit goes on.
 * @param href of the page @param referrer of the page, or the page before within a site that loads none
 * @param again whether it is a page that was there already: reloaded, or reached by going back
 */
export function pageView(href: string, referrer: string, again: boolean): Origin {
  const url = new URL(href);
  url.hash = "";
  const host = hostOf(referrer);
  const arrives = !again && (ADVERTISED.test(url.search) || host !== hostOf(href));
  const utm = UTM_FIELDS.map((field) => [
    field,
    cut(url.searchParams.get(`utm_${field}`)?.trim() ?? "", UTM_BYTES) || undefined,
  ]);
  return {
    type: arrives ? "visit" : "custom",
    name: arrives ? undefined : "page",
    url: cut(url.href, URL_BYTES),
    referrer: cut(referrer, URL_BYTES) || undefined,
    ...(Object.fromEntries(utm) as Partial<Record<(typeof UTM_FIELDS)[number], string>>),
  };
}

/** The ID of the click of a tracking link that leads to a page; undefined where it came otherwise. */
export function clickId(href: string): string | undefined {
  const id = new URL(href).searchParams.get("tclid") ?? "";
  return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

function hostOf(address: string): string {
  try {
    return new URL(address).hostname.replace(/^www\./, "");
  } catch {
    return "";
  }
}

/** A text of at most so many bytes of UTF-8: a longer one is cut rather than refused. */
function cut(text: string, most: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= most) return text;
  // The last character may be cut through.
  return new TextDecoder().decode(bytes.subarray(0, most)).replace(/\uFFFD$/, "");
}

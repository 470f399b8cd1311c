import { Buffer } from "node:buffer";
import { cutEnd, EVENT_LIMITS, type TributaryEvent } from "@tributary/protocol";

const { channelBytes, urlBytes, userKeyBytes, utmBytes } = EVENT_LIMITS;

/** Parameters of a link or pixel, by the event's field that each fills, and most bytes of it. */
const TEXTS = {
  source: utmBytes,
  medium: utmBytes,
  campaign: utmBytes,
  term: utmBytes,
  content: utmBytes,
  channel: channelBytes,
} as const;
type TextField = keyof typeof TEXTS;
const TEXT_FIELDS = Object.keys(TEXTS) as TextField[];
const VISITOR = { uid: "userId", aid: "anonymousId" } as const;

/** Fields that the target's address may set. */
const UTM_FIELDS = ["source", "medium", "campaign", "term", "content"] as const;

/** A query as Fastify reads it: text, or several texts where one was repeated. */
export type LinkQuery = Readonly<Record<string, unknown>>;

/** What became of a click or an impression. */
export interface LinkEventInput {
  readonly type: "click" | "impression";
  readonly id: string;
  readonly time: number;
  readonly query: LinkQuery;
  readonly url: string | undefined;
  readonly referrer: string | undefined;
}

/**
 * Makes the event of a click or an impression. A text that is too long is cut, for nobody could send the event again; a visitor's ID
 * that is too long would be another's when cut, and is left out. An event without a visitor takes its own ID as anonymous ID; the link
 * passes that ID to the target's page, which continues the journey under it.
 */
export function linkEvent({
  type,
  id,
  time,
  query,
  url,
  referrer,
}: LinkEventInput): TributaryEvent {
  const fields: Record<string, string> = {};
  for (const field of TEXT_FIELDS) {
    const text = linkText(query, field);
    if (text !== "") fields[field] = text;
  }
  for (const [parameter, field] of Object.entries(VISITOR)) {
    const text = parameterOf(query, parameter);
    if (text !== "" && Buffer.byteLength(text) <= userKeyBytes) fields[field] = text;
  }
  // The target's count first. They are named here, because nobody reads the address of an event that names its channel.
  const target = url === undefined ? undefined : new URL(url).searchParams;
  for (const field of UTM_FIELDS) {
    const text = target?.getAll(`utm_${field}`).find((value) => value !== "");
    if (text !== undefined) fields[field] = cut(text, utmBytes);
  }
  const isNamed = fields["userId"] !== undefined || fields["anonymousId"] !== undefined;
  return {
    id,
    type,
    time,
    ...fields,
    ...(isNamed ? {} : { anonymousId: id }),
    ...(url === undefined ? {} : { url }),
    ...(referrer === undefined ? {} : { referrer: cut(referrer, urlBytes) }),
  };
}

/** What a link's parameter says of its click, as long as an event may have it; "" where there is none. */
export function linkText(query: LinkQuery, field: TextField): string {
  return cut(parameterOf(query, field), TEXTS[field]);
}

/** A parameter's text, the first where it was repeated; "" where there is none. */
function parameterOf(query: LinkQuery, name: string): string {
  const value = query[name];
  const text: unknown = Array.isArray(value) ? value[0] : value;
  return typeof text === "string" ? text : "";
}

function cut(text: string, most: number): string {
  if (text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  return bytes.toString("utf8", 0, cutEnd(bytes, most));
}

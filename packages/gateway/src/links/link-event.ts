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
const VISITOR = { uid: "userId", aid: "anonymousId" } as const;

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
  for (const [field, most] of Object.entries(TEXTS)) {
    const text = cut(parameterOf(query, field), most);
    if (text !== "") fields[field] = text;
  }
  for (const [parameter, field] of Object.entries(VISITOR)) {
    const text = parameterOf(query, parameter);
    if (text !== "" && Buffer.byteLength(text) <= userKeyBytes) fields[field] = text;
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

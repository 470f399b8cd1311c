import { EVENT_LIMITS, type TributaryEvent } from "@tributary/protocol";

/** Parameters of a link or pixel, by the event's field that each fills. */
const FIELDS = {
  source: "source",
  medium: "medium",
  campaign: "campaign",
  term: "term",
  content: "content",
  channel: "channel",
  uid: "userId",
  aid: "anonymousId",
} as const;

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
 * Makes the event of a click or an impression. An event without a visitor takes its own ID as anonymous ID; the link passes that ID to
 * the target's page, which continues the journey under it.
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
  for (const [parameter, field] of Object.entries(FIELDS)) {
    const value = query[parameter];
    const text = Array.isArray(value) ? value[0] : value;
    if (typeof text === "string" && text !== "") fields[field] = text;
  }
  // The target's count first. They are named here, because nobody reads the address of an event that names its channel.
  const target = url === undefined ? undefined : new URL(url).searchParams;
  for (const field of UTM_FIELDS) {
    const text = target?.getAll(`utm_${field}`).find((value) => value !== "");
    if (text === undefined) continue;
    if (Buffer.byteLength(text) <= EVENT_LIMITS.utmBytes) fields[field] = text;
    else delete fields[field];
  }
  const isNamed = fields["userId"] !== undefined || fields["anonymousId"] !== undefined;
  return {
    id,
    type,
    time,
    ...fields,
    ...(isNamed ? {} : { anonymousId: id }),
    ...(url === undefined ? {} : { url }),
    ...(referrer === undefined ? {} : { referrer }),
  };
}

import { LINK_FIELDS, type TributaryEvent } from "@tributary/protocol";

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
  for (const [parameter, field] of Object.entries(LINK_FIELDS)) {
    const value = query[parameter];
    const text = Array.isArray(value) ? value[0] : value;
    if (typeof text === "string" && text !== "") fields[field] = text;
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

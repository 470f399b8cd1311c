import { webhookKey, type WebhookQueuePart } from "@tributary/protocol";

/**
 * The parts of a tenant's queue, in the order in which its scripts take them. A ticket is
 * `conversion|version|delivery` (see ticketOf); a delivery is its `webhook-id`.
 *
 * - bodies: delivery → traceparent, newline, body; of those that wait and of the dead
 * - held: tickets whose results are not acknowledged yet, by partition
 * - line: tickets that wait, in the order of their text: a conversion's earlier revisions first
 * - due: conversions of the line, by when their first ticket is to be tried, ms since 1970
 * - tries: delivery → attempts, and when the first and the last were, ms since 1970
 * - since: deliveries that wait or are held, by when they came, ms since 1970
 * - dead: tickets of the dead, in the order of their text
 * - died: tickets of the dead, by when they died, ms since 1970
 * - reasons: delivery of the dead → ticket, newline, why
 * - bytes: what the bodies of those that wait and of the dead take
 * - owners: conversions → the highest generation of an owner that was delivered, where it is not 0
 */
const PARTS: readonly WebhookQueuePart[] = [
  "bodies",
  "held",
  "line",
  "due",
  "tries",
  "since",
  "dead",
  "died",
  "reasons",
  "bytes",
  "owners",
];

/** The keys of a tenant's queue for its scripts. */
export function queueKeys(tenant: string): string[] {
  return PARTS.map((part) => webhookKey(tenant, part));
}

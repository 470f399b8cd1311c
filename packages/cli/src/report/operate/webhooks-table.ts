import type { DeadDelivery, QueueSize } from "@tributary/webhooks";
import { safeText } from "../../terminal/terminal.ts";
import { figure } from "../figures.ts";
import { plainTable } from "../table.ts";

const MAX_REASON_CHARACTERS = 60;
const MB = 2 ** 20;

/** A dead delivery as JSON prints it, without its whole body. */
export function plainDelivery({ tenant, id, reason, diedMs, tries, body }: DeadDelivery) {
  const result = body.type === "conversion.erased" ? undefined : body.data;
  return {
    id,
    tenant,
    type: body.type,
    conversion: body.data.id,
    orderId: result?.orderId ?? "",
    revision: result?.revision ?? null,
    reason,
    attempts: tries?.attempts ?? 0,
    firstTime: tries === undefined ? null : new Date(tries.firstMs).toISOString(),
    givenUpTime: new Date(diedMs).toISOString(),
  };
}

export type PlainDelivery = ReturnType<typeof plainDelivery>;

/** What waits and what is dead. @param sender the process that sends; null where none does */
export function renderWebhooks(
  sender: string | null,
  tenants: readonly ({ readonly tenant: string } & QueueSize)[],
  deliveries: readonly PlainDelivery[],
): string {
  if (tenants.length === 0) return "No webhooks were ever sent: TRIBUTARY_WEBHOOKS names where to.";
  const head = ["tenant", "waiting", "oldest, s", "MB", "dead", "oldest, s", "MB"];
  const rows = tenants.map((of) => [
    of.tenant,
    figure(of.waiting),
    figure(Math.round(of.oldestWaitingAgeSeconds)),
    (of.waitingBytes / MB).toFixed(1),
    figure(of.dead),
    figure(Math.round(of.oldestDeadAgeSeconds)),
    (of.deadBytes / MB).toFixed(1),
  ]);
  const blocks = [
    sender === null ? "Nobody sends." : `${sender} sends.`,
    plainTable(head, 1, rows, false),
  ];
  const total = tenants.reduce((sum, of) => sum + of.dead, 0);
  if (total > 0) blocks.push(deadTable(deliveries));
  const left = total - deliveries.length;
  if (left > 0) blocks.push(`${figure(left)} more; --limit shows more of them`);
  return blocks.join("\n\n");
}

function deadTable(deliveries: readonly PlainDelivery[]): string {
  const head = ["id", "tenant", "conversion", "reason", "given up", "revision", "attempts"];
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.tenant,
    short(safeText(delivery.conversion)),
    short(safeText(delivery.reason)),
    delivery.givenUpTime,
    delivery.revision === null ? "erased" : figure(delivery.revision),
    figure(delivery.attempts),
  ]);
  return plainTable(head, 5, rows, false);
}

function short(text: string): string {
  return text.length > MAX_REASON_CHARACTERS
    ? `${text.slice(0, MAX_REASON_CHARACTERS - 1)}…`
    : text;
}

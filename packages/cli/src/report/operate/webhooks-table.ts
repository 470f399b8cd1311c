import type { DeadDelivery, QueueSize } from "@tributary/webhooks";
import { safeTextWithin } from "../../terminal/terminal.ts";
import { figure } from "../../terminal/figures.ts";
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

/** Waiting and dead deliveries. @param sender name of the sending process; null without one */
export function renderWebhooks(
  sender: string | null,
  tenants: readonly ({ readonly tenant: string } & QueueSize)[],
  deliveries: readonly PlainDelivery[],
): string {
  if (tenants.length === 0)
    return "No webhooks were ever sent: TRIBUTARY_WEBHOOKS names the receivers.";
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
    sender === null ? "No process sends webhooks." : `${sender} sends webhooks.`,
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
    safeTextWithin(MAX_REASON_CHARACTERS, delivery.conversion),
    safeTextWithin(MAX_REASON_CHARACTERS, delivery.reason),
    delivery.givenUpTime,
    delivery.revision === null ? "erased" : figure(delivery.revision),
    figure(delivery.attempts),
  ]);
  return plainTable(head, 5, rows, false);
}

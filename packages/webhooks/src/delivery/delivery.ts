import { createHash } from "node:crypto";
import type { ErasedConversions } from "@tributary/streams";
import { type DeliveredConversion, erasedBodyOf } from "./payload.ts";

/** One revision of one conversion on its way to the tenant's receiver. */
export interface Delivery {
  readonly tenant: string;
  /** `webhook-id`: the same however often it is sent, and however often its result comes. */
  readonly id: string;
  /** Names the conversion, its place in the order of the conversion's revisions, and the delivery: see {@link ticketOf}. */
  readonly ticket: string;
  /** Of the conversion's owner. */
  readonly generation: number;
  readonly body: string;
  /** Context of the trace that it continues as `traceparent` has it; "" for none. */
  readonly traceparent: string;
}

/**
 * The idempotency key: one a tenant, conversion and revision. What the result says is part of it, since a result that was
 * lost with a node of Redis is computed again and may come out otherwise under the same number.
 */
export function deliveryId(data: DeliveredConversion): string {
  const { tenant, key, generation, revision, reason, value, touchpoints, credits } = data;
  const path = touchpoints.map((touchpoint) => touchpoint.id);
  const shares = credits.map(({ model, touch, credit }) => [model, touch, credit]);
  const text = JSON.stringify([tenant, key, generation, revision, reason, value, path, shares]);
  return idOf(text);
}

/** What tells a receiver that conversions were erased: the last thing that it hears of them. */
export function erasedDeliveries({
  entry,
  atMs,
  tenant,
  conversions,
}: ErasedConversions): Delivery[] {
  return conversions.map((conversion) => {
    const { key } = conversion;
    const id = idOf(JSON.stringify([tenant, key, "erased", entry]));
    // Owners' generations are times of entries, and all that is known of the conversion is from before this one.
    const place = { key, generation: atMs, attributedAt: atMs, revision: 0 };
    return {
      tenant,
      id,
      ticket: ticketOf(place, id),
      generation: atMs,
      body: erasedBodyOf({ tenant, ...conversion }, atMs),
      traceparent: "",
    };
  });
}

function idOf(text: string): string {
  return `whk_${createHash("sha256").update(text).digest("base64url").slice(0, 32)}`;
}

/**
 * A delivery's place: tickets of a conversion sort as its results are valid, the last one last, by their owner's
 * generation, then by when they were committed, then by their revision, as reports have it (validAttributions).
 */
export function ticketOf(
  data: Pick<DeliveredConversion, "key" | "generation" | "attributedAt" | "revision">,
  id: string,
): string {
  const { generation, attributedAt, revision } = data;
  const version = [pad(generation, 16), pad(attributedAt, 15), pad(revision, 10)].join(".");
  return `${data.key}|${version}|${id}`;
}

/** The ticket's conversion. */
export function conversionOf(ticket: string): string {
  return ticket.slice(0, ticket.indexOf("|"));
}

/**
 * Tickets of conversions as they were named before conversions had keys, by its event ID alone: what an earlier version put into
 * the queue is found by it.
 */
export function formerTicketsOf({ conversions }: ErasedConversions): string[] {
  return conversions.map(
    ({ id }) => `${createHash("sha256").update(id).digest("base64url").slice(0, 22)}||`,
  );
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

import type { TributaryEvent } from "@tributary/protocol";

/** An event as it goes out; fields that are undefined are not there. docs/event-api.md has the bounds. */
export type OutgoingEvent = Readonly<Pick<TributaryEvent, "id" | "type" | "time">> & {
  readonly [Field in keyof TributaryEvent]?: TributaryEvent[Field] | undefined;
};

/** An event of any type; `id` and `time` are made where they are not given. */
export type EventInput = Omit<OutgoingEvent, "id" | "time"> & {
  readonly id?: string | undefined;
  readonly time?: number | undefined;
};

type Given<Field extends keyof TributaryEvent> = {
  readonly [Each in Field]?: TributaryEvent[Each] | undefined;
};

/** The caller's own data of an event: carried, not read. */
export type Properties = Readonly<Record<string, unknown>>;

/** A conversion: a purchase, a lead. `currency` is needed with `value`. */
export type ConversionFields = Given<"id" | "time" | "name" | "value" | "currency" | "orderId"> & {
  readonly properties?: Properties | undefined;
};

/** What is taken back of an order: `value` of it, or all without one. */
export type RefundFields = Given<"id" | "time" | "value" | "currency"> & {
  readonly orderId: string;
  readonly properties?: Properties | undefined;
};

/** A UUID of version 4, also on pages without TLS, where crypto.randomUUID is not there. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

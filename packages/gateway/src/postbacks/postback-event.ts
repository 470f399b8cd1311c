import { createHash } from "node:crypto";
import type { PostbackTemplate } from "@tributary/tenants";
import { parseTimeText } from "../intake/time-text.ts";

/** Parameters of a postback: texts; of several with one name the first counts. */
export type PostbackParameters = Readonly<Record<string, string>>;

const PLACE = /\{([\w.-]+)\}/g;
/** What networks leave in an address where they have nothing to put there. */
const MACRO = /^(?:\{.*\}|\[.*\]|%.*%|\$\{.*\}|__\w+__)$/;
const SECONDS = /^\d{10}$/;

/**
 * The event of a postback. Without an `id` of its own it has one made of template and order, or of all parameters: a network
 * that sends again sends the same event.
 * @param now ms since 1970, where the template has no time
 */
export function postbackEvent(
  name: string,
  template: PostbackTemplate,
  parameters: PostbackParameters,
  now: number,
): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [field, pattern] of Object.entries(template)) {
    const text = filled(pattern, parameters);
    if (text !== "") event[field] = field === "time" ? timeOf(text) : text;
  }
  event["type"] ??= "conversion";
  event["time"] ??= now;
  event["id"] ??= idOf(name, event["orderId"], parameters);
  return event;
}

/** A pattern with its parameters; "" where one of them is absent, for half of a value is no value. */
function filled(pattern: string, parameters: PostbackParameters): string {
  let isWhole = true;
  const text = pattern.replace(PLACE, (_whole, name: string) => {
    const value = parameters[name]?.trim() ?? "";
    if (value === "" || MACRO.test(value)) isWhole = false;
    return value;
  });
  return isWhole ? text : "";
}

/** ms since 1970, or the text as it is, which the event's own rules then refuse by name. */
function timeOf(text: string): unknown {
  if (SECONDS.test(text)) return Number(text) * 1000;
  const ms = parseTimeText(text);
  return Number.isNaN(ms) ? text : ms;
}

function idOf(name: string, orderId: unknown, parameters: PostbackParameters): string {
  const own =
    typeof orderId === "string"
      ? ["order", orderId]
      : Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([name, own]))
    .digest("hex");
}

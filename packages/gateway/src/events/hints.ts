import {
  replaceEvents,
  unreadUtm,
  unreadUtmReason,
  type Refusal,
  type UtmReading,
} from "@tributary/protocol";
import type { PackedBody } from "../http/read-body.ts";

/** Hints that an answer has at most. */
const MOST = 100;

/**
 * Looks at a body's events for what is taken as it is and may not be meant: UTM parameters that are not read. Decodes all of them, so
 * only for a sender who asks.
 * @param reading of the tenant's UTM parameters @returns as refusals have it: index, field and reason
 * @throws ProtocolError `body_malformed` where it is not msgpack
 */
export function hintsOf({ bytes }: PackedBody, reading: UtmReading): readonly Refusal[] {
  const hints: Refusal[] = [];
  replaceEvents(bytes, (event, index) => {
    const url = typeof event === "object" && event !== null && "url" in event ? event.url : "";
    for (const unread of typeof url === "string" ? unreadUtm(url, reading) : []) {
      if (hints.length < MOST) hints.push({ index, field: "url", reason: unreadUtmReason(unread) });
    }
    return null;
  });
  return hints;
}

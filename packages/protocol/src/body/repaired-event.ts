import { Buffer, isUtf8 } from "node:buffer";
import { containerRead, readMapHead, readString, skipValue, stringRead } from "../bytes/msgpack.ts";
import { cutEnd } from "../bytes/utf8.ts";
import { DIMENSION_FIELDS, EVENT_LIMITS } from "../event.ts";
import { keyText } from "./body-events.ts";
import { writeHead, writeStringHead } from "./json/packed-values.ts";

const { channelBytes, idBytes, nameBytes, orderIdBytes, urlBytes, userKeyBytes, utmBytes } =
  EVENT_LIMITS;
/** Most bytes of each text field. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(DIMENSION_FIELDS.map((field) => [field, utmBytes])),
  id: idBytes,
  userId: userKeyBytes,
  anonymousId: userKeyBytes,
  channel: channelBytes,
  referrer: urlBytes,
  url: urlBytes,
  name: nameBytes,
  orderId: orderIdBytes,
};
const HEAD_BYTES = 5;

/**
 * An event whose text fields are valid UTF-8: what is not becomes U+FFFD, as the WHATWG Encoding Standard decodes it. A text that
 * becomes longer than its field may be by this is cut: a sender that counts bytes may have cut it within a character.
 * @param event packed, whole, a map
 */
export function repairedEvent(event: Uint8Array): Uint8Array {
  const end = event.length;
  readMapHead(event, 0, end);
  const pairs = containerRead.count;
  const head = new Uint8Array(HEAD_BYTES);
  writeHead(head, 0, pairs, 0x80, 0xde);
  let pos = containerRead.next;
  const parts: Uint8Array[] = [head.subarray(0, pos)];
  for (let i = 0; i < pairs; i += 1) {
    const value = skipValue(event, pos, end);
    const most = MOST_BYTES[keyText(event, pos) ?? ""];
    parts.push(event.subarray(pos, value));
    pos = skipValue(event, value, end);
    parts.push(
      most === undefined || !readString(event, value, end)
        ? event.subarray(value, pos)
        : repairedText(event.subarray(stringRead.start, stringRead.end), most),
    );
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A packed text. @param bytes as they came */
function repairedText(bytes: Uint8Array, most: number): Uint8Array {
  const whole = isUtf8(bytes) ? bytes : Buffer.from(Buffer.from(bytes).toString("utf8"));
  // One that was too long before is refused for its length, like any other.
  const end = bytes.length > most ? whole.length : cutEnd(whole, most);
  const out = new Uint8Array(HEAD_BYTES + end);
  const start = writeStringHead(out, 0, end);
  out.set(whole.subarray(0, end), start);
  return out.subarray(0, start + end);
}

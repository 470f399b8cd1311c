import { createHash } from "node:crypto";

/** What makes a conversion one: an event ID under another user key is another conversion. */
interface ConversionIdentity {
  readonly tenant: string;
  /** Event ID. */
  readonly id: string;
  /** The user key that it was sent under: userId, else anonymousId. */
  readonly userKey: string;
  readonly anonymous: boolean;
}

/** Characters of a key. */
const KEY_LENGTH = 22;

/** A conversion's identity as one text of letters, digits, `-` and `_` that is always the same and names nobody. */
export function conversionKey({ tenant, id, userKey, anonymous }: ConversionIdentity): string {
  const text = JSON.stringify([tenant, anonymous, userKey, id]);
  return createHash("sha256").update(text).digest("base64url").slice(0, KEY_LENGTH);
}

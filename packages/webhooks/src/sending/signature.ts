/** Signatures of Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
/** The specification's bounds of a secret, bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** The key in a secret `whsec_<base64>`; undefined where it is none, or not of 24 to 64 bytes. */
export function parseSecret(text: string): Uint8Array | undefined {
  const [, base64] = SECRET.exec(text) ?? [];
  if (base64 === undefined) return undefined;
  const key = Buffer.from(base64, "base64");
  // Buffer accepts text that is cut off: only text that it would write itself is whole.
  if (key.toString("base64").replaceAll("=", "") !== base64.replaceAll("=", "")) return undefined;
  return key.length >= MIN_SECRET_BYTES && key.length <= MAX_SECRET_BYTES ? key : undefined;
}

/** What a request carries beside its body. */
export interface SignedHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/**
 * Signs a request: HMAC-SHA256 of `id.timestamp.body`, one signature a key.
 * @param keys of {@link parseSecret}: while a secret is being replaced, the new and the old one
 * @param id without a full stop @param timestamp of the attempt, s since 1970
 */
export function signedHeaders(
  keys: readonly Uint8Array[],
  id: string,
  timestamp: number,
  body: string,
): SignedHeaders {
  const signatures = keys.map((key) => {
    const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`, "utf8");
    return `v1,${hmac.digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.join(" "),
  };
}

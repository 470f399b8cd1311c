import { parseRetryAfter } from "./back-off.ts";
import { type SignedHeaders, signedHeaders } from "./signature.ts";
import type { WebhookTarget } from "./targets.ts";

/** How an attempt ended; the label of its metric. */
export const ATTEMPT_OUTCOMES = [
  "delivered",
  "gone",
  "refused",
  "failed",
  "redirected",
  "timeout",
  "unreachable",
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export interface Attempt {
  readonly outcome: AttemptOutcome;
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** For people; never holds the URL, which may be a secret. */
  readonly reason: string;
  /** What the receiver asked for, ms; 0 for nothing. */
  readonly retryAfterMs: number;
}

/** Bytes of an answer that are read so that its connection can be reused; a longer answer closes it. */
const MAX_ANSWER_BYTES = 16_384;

/**
 * Sends a delivery once: any 2xx is a success. Redirects are not followed, as they would lead to where nobody has agreed to
 * send to.
 * @param timeoutMs for the whole exchange @param signal ends it early, which counts as `unreachable`
 */
export async function post(
  target: WebhookTarget,
  delivery: { readonly id: string; readonly body: string },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers: SignedHeaders & Record<string, string> = {
    "content-type": "application/json",
    "user-agent": "Tributary-Webhooks/1",
    ...signedHeaders(target.keys, delivery.id, timestamp, delivery.body),
  };
  try {
    const answer = await fetch(target.url, {
      method: "POST",
      headers,
      body: delivery.body,
      redirect: "manual",
      signal: AbortSignal.any([timeout, signal]),
    });
    await readSome(answer);
    return attemptOf(answer);
  } catch (error) {
    const retryAfterMs = 0;
    if (timeout.aborted) {
      const reason = `no answer within ${timeoutMs} ms`;
      return { outcome: "timeout", status: undefined, reason, retryAfterMs };
    }
    const reason = signal.aborted ? "stopped before the receiver answered" : reasonOf(error);
    return { outcome: "unreachable", status: undefined, reason, retryAfterMs };
  }
}

function attemptOf(answer: Response): Attempt {
  const { status } = answer;
  const retryAfterMs = parseRetryAfter(answer.headers.get("retry-after"), Date.now());
  const reason = `the answer was ${status}`;
  if (answer.ok) return { outcome: "delivered", status, reason, retryAfterMs: 0 };
  if (status === 410) return { outcome: "gone", status, reason, retryAfterMs: 0 };
  if (status < 400) {
    const why = `${reason}, and redirects are not followed`;
    return { outcome: "redirected", status, reason: why, retryAfterMs };
  }
  return { outcome: status < 500 ? "refused" : "failed", status, reason, retryAfterMs };
}

/** Reads an answer up to a bound, and gives up the rest. */
async function readSome(answer: Response): Promise<void> {
  if (answer.body === null) return;
  let bytes = 0;
  try {
    // Leaving the loop cancels the body.
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) return;
    }
  } catch {
    // The status has decided the outcome: the rest is read for the connection's sake only.
  }
}

/** A code such as ECONNREFUSED: fetch hides it in its error's cause, whose message may name the address. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && "code" in cause) return `no connection: ${String(cause.code)}`;
  return `no connection: ${cause instanceof Error ? cause.name : "unknown error"}`;
}

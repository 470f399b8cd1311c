/** One request to the gateway, and what its answer means. */

export interface Refused {
  /** Position in the batch. */
  readonly index: number;
  readonly field: string;
  readonly reason: string;
}

export type Outcome =
  /** The gateway has the events, but those it refused. */
  | { readonly kind: "taken"; readonly status: number; readonly refused: readonly Refused[] }
  /** Nothing was taken, nor will be. */
  | { readonly kind: "rejected"; readonly status: number; readonly reason: string }
  /** Fewer at once may do. */
  | { readonly kind: "too_large"; readonly status: number; readonly reason: string }
  /** May do later; `afterMs` where the gateway says when. */
  | {
      readonly kind: "later";
      readonly status?: number;
      readonly reason: string;
      readonly afterMs?: number;
    };

export interface Target {
  /** Of the gateway, such as `https://events.shop.example`. */
  readonly url: string;
  readonly writeKey?: string | undefined;
  /** Longest wait for an answer, ms. */
  readonly timeoutMs: number;
  /** Whether a request goes on when its page is gone, where it is small enough for that. */
  readonly keepalive: boolean;
}

/** Browsers refuse such requests over 64 KB together: there may be two. */
const MOST_KEEPALIVE_BYTES = 32_768;
/** A gateway that says more is asked again earlier, ms. */
const MOST_RETRY_AFTER_MS = 3_600_000;

/** Sends a packed batch; the request is made before this first waits. Never throws. */
export async function post(target: Target, body: Uint8Array<ArrayBuffer>): Promise<Outcome> {
  const { url, writeKey, timeoutMs, keepalive } = target;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: {
        "Content-Type": "application/msgpack",
        ...(writeKey === undefined ? {} : { Authorization: `Bearer ${writeKey}` }),
      },
      body,
      keepalive: keepalive && body.length <= MOST_KEEPALIVE_BYTES,
      // No cookie of the gateway's host is sent or taken.
      credentials: "omit",
      signal: abort.signal,
    });
    return outcomeOf(response.status, response.headers.get("Retry-After"), await response.text());
  } catch (error) {
    const reason = abort.signal.aborted ? `no answer in ${timeoutMs} ms` : reasonOf(error);
    return { kind: "later", reason };
  } finally {
    clearTimeout(timer);
  }
}

/** Node says why in the error's cause only, browsers nowhere. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/**
 * What an answer means.
 * @param retryAfter the header: whole seconds, or a date
 */
export function outcomeOf(status: number, retryAfter: string | null, text: string): Outcome {
  const { error, refused } = answerOf(text);
  const reason = error?.reason ?? `the answer was ${status}`;
  if (status < 300 || error?.code === "all_refused") return { kind: "taken", status, refused };
  if (status === 413) return { kind: "too_large", status, reason };
  if (status < 500 && status !== 408 && status !== 425 && status !== 429) {
    return { kind: "rejected", status, reason };
  }
  const afterMs = retryAfterMs(retryAfter);
  return { kind: "later", status, reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

function retryAfterMs(header: string | null): number | undefined {
  const text = header?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MOST_RETRY_AFTER_MS);
}

interface Answer {
  readonly error?: { readonly code?: string; readonly reason?: string };
  readonly refused: readonly Refused[];
}

/** Something between may answer in the gateway's place, with a body of its own. */
function answerOf(text: string): Answer {
  try {
    const { error, refused } = JSON.parse(text) as Partial<Answer>;
    return { ...(error ? { error } : {}), refused: Array.isArray(refused) ? refused : [] };
  } catch {
    return { refused: [] };
  }
}

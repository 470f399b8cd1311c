/** Sends events of an import through a gateway, so that there is one way in: its keys, quotas and bounds hold. */
import type { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs } from "@tributary/service";
import { z } from "zod";
import { ReportsError } from "../errors.ts";

const REQUEST_TIMEOUT_MS = 60_000;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 5000;
/** An import gives up after this; the same file goes on where it was. */
const MAX_TRIES = 8;

const answerSchema = z.object({
  accepted: z.int().nonnegative().optional(),
  refused: z.array(z.object({ index: z.int(), field: z.string(), reason: z.string() })).default([]),
  error: z.object({ reason: z.string() }).optional(),
});

/** An event that a gateway did not take. */
export type GatewayRefusal = z.infer<typeof answerSchema>["refused"][number];

export interface GatewayTarget {
  readonly url: string;
  /** Undefined where the gateway takes events without one. */
  readonly writeKey: string | undefined;
  /** Which the key must be of. */
  readonly tenant: string;
}

/**
 * Sends packed events until the gateway has accepted them.
 * @throws ReportsError `unavailable` where it does not in eight tries; `write_key_refused` for a key that it does not accept
 */
export async function sendPacked(
  body: Buffer,
  { url, writeKey, tenant }: GatewayTarget,
): Promise<readonly GatewayRefusal[]> {
  let reason = "";
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    if (attempt > 0) await sleep(backoffMs(attempt, FIRST_WAIT_MS, MAX_WAIT_MS));
    let response: Response;
    try {
      response = await fetch(`${url}/v1/events`, {
        method: "POST",
        headers: {
          "content-type": "application/msgpack",
          "tributary-tenant": tenant,
          ...(writeKey === undefined ? {} : { authorization: `Bearer ${writeKey}` }),
        },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch {
      // Sent again under the same IDs, the events count once.
      reason = "it does not answer";
      continue;
    }
    const answer = answerSchema.safeParse(await response.json().catch(() => undefined)).data;
    reason = answer?.error?.reason ?? `it answered ${response.status}`;
    if (response.status === 429 || response.status >= 500) continue;
    if (response.status === 401 || response.status === 403) {
      throw new ReportsError(
        "write_key_refused",
        `the gateway does not accept the write key: ${reason}`,
      );
    }
    if (answer?.accepted !== undefined) return answer.refused;
    throw new ReportsError("unavailable", `the gateway did not take the events: ${reason}`);
  }
  throw new ReportsError(
    "unavailable",
    `the gateway did not take the events in ${MAX_TRIES} tries: ${reason}; commit the file again`,
  );
}

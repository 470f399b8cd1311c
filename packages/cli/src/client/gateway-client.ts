import { packEvents, type TributaryEvent } from "@tributary/protocol";
import { Unpackr } from "msgpackr";
import { Agent, request } from "undici";
import { z } from "zod";
import { describeError } from "@tributary/platform/errors";
import { CliError } from "../errors.ts";
import { pause, backoffMs, retryAfterMs } from "@tributary/platform/client";

const refusalSchema = z.object({ index: z.number().int(), field: z.string(), reason: z.string() });

const answerSchema = z.object({
  accepted: z.number().int().nonnegative().optional(),
  refused: z.array(refusalSchema).default([]),
  error: z.object({ code: z.string(), reason: z.string() }).optional(),
});

/** The reason of an event's refusal; `index` is its position in the batch. */
export type GatewayRefusal = z.infer<typeof refusalSchema>;

export interface BatchOutcome {
  readonly accepted: number;
  readonly refused: readonly GatewayRefusal[];
}

export interface GatewayClientOptions {
  readonly url: string;
  readonly key?: string | undefined;
  /** Which the key must be of; undefined for whichever it is. */
  readonly tenant?: string | undefined;
  /** Connections kept open. */
  readonly connections: number;
  /** Ends every wait and request. */
  readonly signal: AbortSignal;
  /** No attempt begins after this, ms since 1970. */
  readonly deadlineMs?: number | undefined;
  /** Called with the reason when a batch has to wait. */
  readonly waiting?: ((reason: string) => void) | undefined;
}

const REQUEST_TIMEOUT_MS = 60_000;
const unpackr = new Unpackr({ useRecords: false });

/** Sends batches to a gateway, each again and again until the gateway has accepted it. */
export class GatewayClient {
  readonly #options: GatewayClientOptions;
  readonly #agent: Agent;
  #retries = 0;

  constructor(options: GatewayClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ connections: options.connections, pipelining: 1 });
  }

  /** How often a batch had to be sent again. */
  get retries(): number {
    return this.#retries;
  }

  /**
   * Sends a batch. One that is too large for the gateway is sent in halves.
   * @throws CliError `refused` where no attempt can succeed (a wrong key, another server), `timeout` after the deadline;
   *   the signal's reason after an abort
   */
  async send(events: readonly TributaryEvent[]): Promise<BatchOutcome> {
    return this.sendPacked(packEvents(events));
  }

  /** As {@link send}. @param body a packed array of events */
  async sendPacked(body: Buffer): Promise<BatchOutcome> {
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#try(body);
      if (outcome.kind === "taken") return outcome;
      if (outcome.kind === "too_large") {
        return this.#halves(unpackr.unpack(body) as TributaryEvent[], outcome.reason);
      }
      const { deadlineMs, waiting, signal } = this.#options;
      if (deadlineMs !== undefined && Date.now() > deadlineMs) {
        throw new CliError(
          "timeout",
          `the gateway did not accept everything in time: ${outcome.reason}`,
        );
      }
      this.#retries += 1;
      waiting?.(outcome.reason);
      // Retry-After: 0 must not lead to a tight loop.
      await pause(outcome.afterMs || backoffMs(attempt, Math.random()), signal);
      signal.throwIfAborted();
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #halves(events: readonly TributaryEvent[], reason: string): Promise<BatchOutcome> {
    if (events.length === 1)
      return { accepted: 0, refused: [{ index: 0, field: "event", reason }] };
    const middle = Math.ceil(events.length / 2);
    const first = await this.send(events.slice(0, middle));
    const second = await this.send(events.slice(middle));
    const moved = second.refused.map((refusal) => ({ ...refusal, index: refusal.index + middle }));
    return { accepted: first.accepted + second.accepted, refused: [...first.refused, ...moved] };
  }

  async #try(body: Buffer): Promise<TryOutcome> {
    const { url, key, tenant, signal } = this.#options;
    let status: number;
    let retryAfter: number | undefined;
    let text: string;
    try {
      const response = await request(`${url}/v1/events`, {
        method: "POST",
        dispatcher: this.#agent,
        headers: {
          "content-type": "application/msgpack",
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(tenant === undefined ? {} : { "tributary-tenant": tenant }),
        },
        body,
        signal,
        headersTimeout: REQUEST_TIMEOUT_MS,
        bodyTimeout: REQUEST_TIMEOUT_MS,
      });
      status = response.statusCode;
      const header = response.headers["retry-after"];
      retryAfter = retryAfterMs(typeof header === "string" ? header : undefined, Date.now());
      text = await response.body.text();
    } catch (error) {
      signal.throwIfAborted();
      // No connection, or a broken one: sending again is safe, the gateway knows accepted events by their IDs.
      return { kind: "again", reason: `${url}: ${describeError(error)}`, afterMs: undefined };
    }
    return readAnswer(url, status, text, retryAfter);
  }
}

type TryOutcome =
  | ({ readonly kind: "taken" } & BatchOutcome)
  | { readonly kind: "too_large"; readonly reason: string }
  | { readonly kind: "again"; readonly reason: string; readonly afterMs: number | undefined };

function readAnswer(
  url: string,
  status: number,
  text: string,
  afterMs: number | undefined,
): TryOutcome {
  const answer = parseAnswer(text);
  const reason = answer?.error?.reason ?? `${url} answered ${status}`;
  if (status === 429 || status >= 500) return { kind: "again", reason, afterMs };
  if (status === 413) return { kind: "too_large", reason };
  const spoken = status === 202 || (status === 400 && (answer?.refused.length ?? 0) > 0);
  if (spoken && answer?.accepted !== undefined) {
    return { kind: "taken", accepted: answer.accepted, refused: answer.refused };
  }
  if (status === 401 || status === 403) {
    throw new CliError(
      "refused",
      `${url} does not accept the write key: ${reason}; give it with --key`,
    );
  }
  throw new CliError(
    "refused",
    `${url} does not answer like a gateway (status ${status}): ${reason}`,
  );
}

function parseAnswer(text: string): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON, such as a proxy's page: the status decides.
    return undefined;
  }
}

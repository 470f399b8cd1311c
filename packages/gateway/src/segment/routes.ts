import { performance } from "node:perf_hooks";
import { packEvents, type Refusal } from "@tributary/protocol";
import type { Span } from "@tributary/telemetry";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerBatch, toGatewayError } from "../http/replies.ts";
import {
  BOT_REFUSED,
  type BotFilter,
  BOTS_CHANNEL,
  type BotVerdict,
  pageAgentOf,
} from "../intake/bots.ts";
import type { GatewayConfig } from "../config.ts";
import { GatewayError } from "../errors.ts";
import { type EventIntake, tenantOf } from "../intake/event-intake.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { readSegmentBody, type SegmentBody } from "./body.ts";
import { mapEvent, type Reason, type SegmentCall, userAgentOf } from "./map-event.ts";
import { Patience } from "./patience.ts";
import { type SenderClock, senderClockOf } from "./sender-clock.ts";
import { ECOMMERCE_RULES, type SegmentRules, segmentRulesOf } from "./rules.ts";

/** Segment's paths, the browser client's letters among them, and the call of each; without one, the event says it. */
const PATHS: Readonly<Record<string, SegmentCall | undefined>> = {
  batch: undefined,
  b: undefined,
  import: undefined,
  track: "track",
  t: "track",
  page: "page",
  p: "page",
  screen: "screen",
  s: "screen",
  identify: "identify",
  i: "identify",
  group: "group",
  g: "group",
  alias: "alias",
  a: "alias",
};

/** Clients are set up with a host, or with a host and `/v1`. */
const PREFIXES = ["/v1", ""];
/** A Host header that the answer may repeat. */
const HOST = /^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:]+\](?::\d{1,5})?$/i;

/** Segment's HTTP API, for its clients as they are: docs/segment.md. */
export function addSegmentRoutes(
  server: FastifyInstance,
  config: GatewayConfig,
  intake: EventIntake,
  bots: BotFilter,
  metrics: GatewayMetrics,
): void {
  const take = new SegmentIntake(config, intake, bots, metrics);
  // A key in the body takes reading it.
  const onRequest = intake.beforeBody(({ headers }) =>
    intake.keys.isIn(headers) ? intake.keys.tenantOf(headers) : "",
  );
  for (const prefix of PREFIXES) {
    for (const [path, call] of Object.entries(PATHS)) {
      const route = `${prefix}/${path}`;
      server.post(route, { onRequest }, async (request, reply) => {
        await intake.inSpan(request, route, async (span) => {
          await take.answer(request, reply, call, span);
          span.setAttribute("http.response.status_code", reply.statusCode);
        });
        return reply;
      });
    }
    // The browser client's figures about itself.
    server.post(`${prefix}/m`, () => ({ success: true }));
  }
  server.get<{ Params: { writeKey: string } }>(
    "/v1/projects/:writeKey/settings",
    async (request, reply) => {
      const { writeKey } = request.params;
      intake.keys.tenantOf({}, writeKey);
      // Those of the client's own request, where a trusted proxy forwards it.
      const { host, protocol } = request;
      // The unmodified snippet sends to where these say, and to Segment where they say nothing.
      const own = HOST.test(host) ? { apiHost: `${host}/v1`, protocol } : {};
      return reply
        .header("Cache-Control", "no-cache")
        .send({ integrations: { "Segment.io": { apiKey: writeKey, ...own } } });
    },
  );
}

interface Mapped {
  readonly events: readonly unknown[];
  readonly broken: ReadonlyMap<number, Reason>;
  readonly omitted: readonly Refusal[];
}

class SegmentIntake {
  readonly #config: GatewayConfig;
  readonly #intake: EventIntake;
  readonly #bots: BotFilter;
  readonly #metrics: GatewayMetrics;
  readonly #rules: ReadonlyMap<string, SegmentRules>;
  readonly #patience = new Patience();

  constructor(
    config: GatewayConfig,
    intake: EventIntake,
    bots: BotFilter,
    metrics: GatewayMetrics,
  ) {
    this.#config = config;
    this.#intake = intake;
    this.#bots = bots;
    this.#rules = new Map(
      [...config.tenants.byName].map(([name, settings]) => [name, segmentRulesOf(settings)]),
    );
    this.#metrics = metrics;
  }

  /** @throws GatewayError that says to Segment's clients what makes them keep the events */
  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    call: SegmentCall | undefined,
    span: Span,
  ): Promise<void> {
    try {
      await this.#take(request, reply, call, span);
      this.#patience.take(performance.now());
    } catch (error) {
      throw this.#patient(toGatewayError(error));
    }
  }

  async #take(
    request: FastifyRequest,
    reply: FastifyReply,
    call: SegmentCall | undefined,
    span: Span,
  ): Promise<void> {
    const { keys } = this.#intake;
    const { headers } = request;
    // A known sender is asked to wait before its body is read.
    const known = tenantOf(request);
    if (known !== "") this.#intake.checkRoom(known);
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const body = await readSegmentBody(raw, headers, this.#config);
    const tenant = known === "" ? keys.tenantOf(headers, body.writeKey) : known;
    if (known === "") this.#intake.checkRoom(tenant);
    const rules = this.#rules.get(tenant) ?? ECOMMERCE_RULES;
    const own = pageAgentOf(headers);
    const clock = senderClockOf(body.sentAt, headers, { ...this.#config, now: Date.now() });
    const { events, broken, omitted } = mapEvents(body, call, rules, clock, (sent) =>
      this.#bots.judge(tenant, userAgentOf(sent) ?? own),
    );
    const bytes = packEvents(events);
    const { accepted, refused } = await this.#intake.take({ bytes, broken }, tenant, span);
    for (const { field } of omitted) {
      this.#metrics.tributary_segment_omitted_fields_total.inc({ field });
    }
    if (accepted === 0) await answerBatch(reply, accepted, refused);
    else await reply.code(200).send({ success: true, accepted, refused, omitted });
  }

  /** 503 is counted as a retry and Retry-After passed over; a 429 is waited for. */
  #patient(error: GatewayError): GatewayError {
    if (error.status !== 503) return error;
    const seconds = this.#patience.refuse(performance.now(), error.retryAfterSeconds ?? 1);
    return new GatewayError(error.code, error.message, seconds, 429);
  }
}

function mapEvents(
  body: SegmentBody,
  call: SegmentCall | undefined,
  rules: SegmentRules,
  clock: SenderClock,
  judge: (sent: unknown) => BotVerdict,
): Mapped {
  const broken = new Map<number, Reason>();
  const omitted: Refusal[] = [];
  const events = body.events.map((sent, index) => {
    const mapped = mapEvent(sent, call, rules, clock, (field, reason) =>
      omitted.push({ index, field, reason }),
    );
    if ("refused" in mapped) {
      broken.set(index, mapped.refused);
      return null;
    }
    const verdict = judge(sent);
    if (verdict === "drop") {
      broken.set(index, BOT_REFUSED);
      return null;
    }
    return verdict === "mark" ? { ...mapped.event, channel: BOTS_CHANNEL } : mapped.event;
  });
  return { events, broken, omitted };
}

import { performance } from "node:perf_hooks";
import {
  BatchScanner,
  createRowDictionaries,
  EVENT_FIELDS,
  type Refusal,
  type ScanResult,
} from "@tributary/protocol";
import { ApiKeys } from "@tributary/service";
import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@tributary/telemetry";
import type { FastifyRequest } from "fastify";
import { toGatewayError } from "../http/replies.ts";
import { GatewayError } from "../errors.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { Quota } from "./quota.ts";
import type { PackedBody } from "../http/read-body.ts";
import type { ServerParts } from "../parts.ts";
import type { SpooledBatch } from "../spool/records.ts";

const KNOWN_FIELDS: ReadonlySet<string> = new Set(["event", "userAgent", ...EVENT_FIELDS]);

/** What became of a request's events; Redis has the accepted ones. */
export interface Taken {
  readonly accepted: number;
  readonly refused: readonly Refusal[];
}

/** What every route that takes events does: whose they are, whether there is room, and into Redis with them. */
export class Intake {
  readonly keys: ApiKeys;
  readonly #parts: ServerParts;
  readonly #metrics: GatewayMetrics;
  readonly #quota: Quota;

  constructor(parts: ServerParts, metrics: GatewayMetrics) {
    this.#parts = parts;
    this.#metrics = metrics;
    const { tenants, quotaEventsPerSecond } = parts.config;
    this.#quota = new Quota(
      (tenant) => tenants.byName.get(tenant)?.eventsPerSecond ?? quotaEventsPerSecond,
    );
    this.keys = new ApiKeys(
      "write",
      parts.config.writeKeys,
      (reason) => new GatewayError("unauthorized", reason),
      parts.storedKeys,
    );
  }

  /** @throws GatewayError where nothing can be taken now: of anybody, or of this tenant */
  checkRoom(tenant: string): void {
    if (!this.#isSpooled()) this.#parts.publisher.checkRoom();
    this.#parts.backlog.check();
    this.#quota.check(tenant, performance.now());
  }

  /**
   * Validates and publishes; resolves when Redis has what was accepted. Reads the body before it first waits, so bodies
   * may be packed into one shared buffer.
   * @throws GatewayError, ProtocolError where the request fails as a whole
   */
  async take(body: PackedBody, tenant: string, span: Span): Promise<Taken> {
    const { publisher, config } = this.#parts;
    const options = { ...config, now: Date.now() };
    const isSpooled = this.#isSpooled();
    // The body's buffer is another request's after the first wait.
    const batch = config.spoolEvents
      ? { tenant, receivedAtMs: options.now, body: Buffer.from(body.bytes) }
      : undefined;
    const { result, done } =
      isSpooled && batch !== undefined
        ? this.#spoolBatch(batch)
        : publisher.publish(body.bytes, tenant, options, span);
    this.#quota.charge(tenant, result.accepted, performance.now());
    const refused = explainBroken(result.refused, body.broken);
    span.setAttributes({
      "tributary.tenant": tenant,
      "tributary.events.accepted": result.accepted,
      "tributary.events.refused": refused.length,
    });
    for (const { field } of refused) {
      const reason = KNOWN_FIELDS.has(field) ? field : "unknown_field";
      this.#metrics.tributary_events_refused_total.inc({ reason });
    }
    try {
      await done;
      if (!isSpooled) this.#metrics.tributary_events_accepted_total.inc(result.accepted);
    } catch (error) {
      // It is counted as accepted when Redis has it. What Redis took of it already is known there by its IDs.
      const isAway = error instanceof GatewayError && error.code === "redis_away";
      if (!isAway || isSpooled || batch === undefined) throw error;
      await this.#toSpool(batch);
    }
    return { accepted: result.accepted, refused };
  }

  /** Whether what comes goes to disk, for Redis is away. */
  #isSpooled(): boolean {
    return this.#parts.config.spoolEvents && this.#parts.publisher.breakerOpen;
  }

  /** As {@link Publisher.publish}, onto disk. */
  #spoolBatch(batch: SpooledBatch): { result: ScanResult; done: Promise<void> } {
    const result = this.#scan(batch);
    return { result, done: result.accepted === 0 ? Promise.resolve() : this.#toSpool(batch) };
  }

  #scan({ tenant, receivedAtMs, body }: SpooledBatch): ScanResult {
    const dictionaries = createRowDictionaries(0);
    const options = {
      ...this.#parts.config,
      now: receivedAtMs,
      tenant: dictionaries.tenants.internText(tenant),
    };
    return new BatchScanner(dictionaries).scan(body, options, () => undefined);
  }

  async #toSpool(batch: SpooledBatch): Promise<void> {
    await this.#parts.spool?.append(batch);
    this.#metrics.tributary_spool_batches_total.inc({ outcome: "kept" });
  }

  /** Runs a request in its span: `work` answers it, or throws what it is answered with. */
  async inSpan(
    request: FastifyRequest,
    route: string,
    work: (span: Span) => Promise<void>,
  ): Promise<void> {
    const span = this.#startSpan(request, route);
    if (!span.isRecording()) return work(span);
    // Log lines of a traced request carry its trace ID.
    return context.with(trace.setSpan(context.active(), span), async () => {
      try {
        await work(span);
      } catch (error) {
        const { status, message } = toGatewayError(error);
        span.setAttribute("http.response.status_code", status);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  #startSpan(request: FastifyRequest, route: string): Span {
    const parent =
      request.headers.traceparent === undefined
        ? ROOT_CONTEXT
        : propagation.extract(ROOT_CONTEXT, request.headers);
    return this.#parts.telemetry.tracer.startSpan(
      `POST ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: { "http.request.method": "POST", "http.route": route, "url.path": route },
      },
      parent,
    );
  }
}

/** Events that could not even be read stand as nil in the packed body: their refusal says what was wrong. */
function explainBroken(
  refused: readonly Refusal[],
  broken: PackedBody["broken"],
): readonly Refusal[] {
  if (broken.size === 0) return refused;
  return refused.map((refusal) => {
    const why = broken.get(refusal.index);
    return why === undefined ? refusal : { index: refusal.index, ...why };
  });
}

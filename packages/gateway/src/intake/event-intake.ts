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

/** Decorator of a request: its tenant. */
export const TENANT = "tenant";

/** The tenant that {@link EventIntake.beforeBody} found; empty where only the body names it. */
export function tenantOf(request: Pick<FastifyRequest, "getDecorator">): string {
  return request.getDecorator<string>(TENANT);
}

/** Outcome of a request's events; Redis or the spool has the accepted ones. */
export interface Taken {
  readonly accepted: number;
  readonly refused: readonly Refusal[];
}

/** Takes events for every route: finds their tenant, checks that there is room, and publishes or spools them. */
export class EventIntake {
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

  /**
   * A hook of a route that finds a request's tenant before its body is read, for {@link tenantOf}.
   * @param find the tenant; empty where only the body names it
   */
  beforeBody(find: (request: FastifyRequest) => string) {
    return (request: FastifyRequest, _reply: unknown, done: () => void): void => {
      request.setDecorator(TENANT, find(request));
      done();
    };
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
    const receivedAtMs = Date.now();
    const { result, done } = this.#isSpooled()
      ? this.#spool(body.bytes, tenant, receivedAtMs)
      : this.#publish(body.bytes, tenant, receivedAtMs, span);
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
    } catch (error) {
      // The sender is to send them again, which must not cost its quota twice.
      this.#quota.refund(tenant, result.accepted, performance.now());
      throw error;
    }
    return { accepted: result.accepted, refused };
  }

  /** Whether events go to the spool because Redis is unavailable. */
  #isSpooled(): boolean {
    return this.#parts.config.spoolEvents && this.#parts.publisher.breakerOpen;
  }

  /** Publishes a body. Where Redis does not answer in time the body goes to the spool, if events may. */
  #publish(
    body: Uint8Array,
    tenant: string,
    receivedAtMs: number,
    span: Span,
  ): { result: ScanResult; done: Promise<void> } {
    const { publisher, config } = this.#parts;
    // The body's buffer is another request's after the first wait.
    const copy = config.spoolEvents ? Buffer.from(body) : undefined;
    const { result, done } = publisher.publish(
      body,
      tenant,
      { ...config, now: receivedAtMs },
      span,
    );
    const events = result.accepted;
    const batch = copy === undefined ? undefined : { tenant, receivedAtMs, events, body: copy };
    return { result, done: this.#published(done, events, batch) };
  }

  async #published(
    done: Promise<void>,
    events: number,
    batch: SpooledBatch | undefined,
  ): Promise<void> {
    try {
      await done;
      this.#metrics.tributary_events_accepted_total.inc(events);
    } catch (error) {
      const isUnavailable = error instanceof GatewayError && error.code === "redis_away";
      if (!isUnavailable || batch === undefined) throw error;
      // Forwarding counts it as accepted. Events that Redis has already are removed there by their IDs.
      await this.#keep(batch);
    }
  }

  /** As {@link Publisher.publish}, onto disk. */
  #spool(
    bytes: Uint8Array,
    tenant: string,
    receivedAtMs: number,
  ): { result: ScanResult; done: Promise<void> } {
    const dictionaries = createRowDictionaries(0);
    const options = {
      ...this.#parts.config,
      now: receivedAtMs,
      tenant: dictionaries.tenants.internText(tenant),
    };
    const result = new BatchScanner(dictionaries).scan(bytes, options, () => undefined);
    const events = result.accepted;
    if (events === 0) return { result, done: Promise.resolve() };
    // The body's buffer is another request's after the first wait.
    const body = Buffer.from(bytes);
    return { result, done: this.#keep({ tenant, receivedAtMs, events, body }) };
  }

  async #keep(batch: SpooledBatch): Promise<void> {
    const { spool } = this.#parts;
    if (spool === undefined) throw new Error("events are spooled, and there is no spool");
    await spool.append(batch);
    this.#metrics.tributary_spool_batches_total.inc({ outcome: "kept" });
  }

  /** Runs a request in its span: `work` answers it, or throws the error that answers it. */
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

/** Unreadable events are nil in the packed body: gives their refusals the reason why they were unreadable. */
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

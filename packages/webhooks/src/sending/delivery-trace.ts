import {
  parseTraceparent,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  UNTRACED,
} from "@tributary/telemetry";
import type { Attempt } from "./post.ts";
import type { DueDelivery } from "../queue/delivery-queue.ts";
import type { WebhookTarget } from "./targets.ts";

/** Spans of attempts: each continues the trace of its conversion, and where that has none begins none. */
export class DeliveryTrace {
  readonly #tracer: Tracer;
  readonly #target: WebhookTarget;

  constructor(tracer: Tracer, target: WebhookTarget) {
    this.#tracer = tracer;
    this.#target = target;
  }

  /** Attributes by the HTTP conventions of OpenTelemetry; not the URL, which may be a secret. */
  start({ id, traceparent, tries }: DueDelivery, startTimeMs: number): Span {
    const parent = traceparent === "" ? undefined : parseTraceparent(traceparent);
    if (parent === undefined) return UNTRACED;
    const { hostname, port, protocol } = this.#target.url;
    return this.#tracer.startSpan(
      "send webhook",
      {
        kind: SpanKind.CLIENT,
        startTime: startTimeMs,
        attributes: {
          "http.request.method": "POST",
          "server.address": hostname,
          "server.port": Number(port === "" ? (protocol === "https:" ? 443 : 80) : port),
          "http.request.resend_count": tries?.attempts ?? 0,
          "tributary.webhook.id": id,
          "tributary.tenant": this.#target.tenant,
        },
      },
      trace.setSpanContext(ROOT_CONTEXT, parent),
    );
  }

  end(span: Span, { outcome, status, reason }: Attempt): void {
    if (status !== undefined) span.setAttribute("http.response.status_code", status);
    if (outcome !== "delivered") {
      span.setAttribute("error.type", outcome);
      span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    }
    span.end();
  }
}

import {
  context,
  encodeTraceContext,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@tributary/telemetry";

/** A sampled request that waits for a flush. */
export interface RequestTrace {
  readonly span: Span;
  readonly events: number;
}

/** The spans of one flush. */
export interface FlushSpans {
  /** To travel in the entries, 25 bytes each. */
  readonly contexts: readonly Uint8Array[];
  readonly end: (entries: number, error?: Error) => void;
}

const NONE: FlushSpans = { contexts: [], end: () => undefined };

/**
 * Spans around a flush: a `send` span for each sampled request in it, as its child, by the messaging conventions
 * (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). Nothing for the requests not sampled.
 */
export class PublishTrace {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin(requests: readonly RequestTrace[]): FlushSpans {
    if (requests.length === 0) return NONE;
    const spans = requests.map(({ span, events }) =>
      this.#tracer.startSpan(
        "send events",
        {
          kind: SpanKind.PRODUCER,
          attributes: {
            "messaging.system": "redis",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": "events",
            "messaging.batch.message_count": events,
          },
        },
        trace.setSpan(context.active(), span),
      ),
    );
    return {
      contexts: spans.map((span) => encodeTraceContext(span.spanContext())),
      end: (entries, error) => {
        for (const span of spans) {
          span.setAttribute("tributary.entries", entries);
          if (error !== undefined)
            span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
          span.end();
        }
      },
    };
  }
}

import {
  decodeTraceContext,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TRACE_CONTEXT_BYTES,
  type Span,
  type SpanContext,
  type Tracer,
} from "@tributary/telemetry";

/** Traces that one load links to: what an SDK keeps of links by default. */
const MAX_LINKS = 128;

/** An invalid context: its span records nothing (https://opentelemetry.io/docs/specs/otel/trace/api/). */
const NO_TRACE: SpanContext = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };

/** Collects the traces of the requests whose events are in a load; bounded, each once. */
export class LoadTraces {
  readonly #contexts = new Map<string, SpanContext>();

  /** @param traces 25 bytes each, as blocks carry them */
  add(traces: Uint8Array): void {
    for (let at = 0; at + TRACE_CONTEXT_BYTES <= traces.length; at += TRACE_CONTEXT_BYTES) {
      if (this.#contexts.size >= MAX_LINKS) return;
      const context = decodeTraceContext(traces.subarray(at, at + TRACE_CONTEXT_BYTES));
      if (context !== undefined) this.#contexts.set(context.traceId + context.spanId, context);
    }
  }

  clear(): void {
    this.#contexts.clear();
  }

  /**
   * Starts the load's span: the child of the one request in it, or linked to all of them. A load without a sampled
   * request belongs to no trace, and begins none.
   */
  start(tracer: Tracer, startTimeMs: number): Span {
    const contexts = [...this.#contexts.values()];
    const [only] = contexts;
    if (only === undefined) return trace.wrapSpanContext(NO_TRACE);
    const parent = contexts.length === 1 ? trace.setSpanContext(ROOT_CONTEXT, only) : ROOT_CONTEXT;
    return tracer.startSpan(
      "load warehouse",
      {
        kind: SpanKind.CONSUMER,
        startTime: startTimeMs,
        links: contexts.length === 1 ? [] : contexts.map((context) => ({ context })),
      },
      parent,
    );
  }
}

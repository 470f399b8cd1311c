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

  /** Starts the load's span: the child of the one request in it, or linked to all of them. */
  start(tracer: Tracer, startTimeMs: number): Span {
    const contexts = [...this.#contexts.values()];
    const [only] = contexts;
    const parent =
      contexts.length === 1 && only !== undefined
        ? trace.setSpanContext(ROOT_CONTEXT, only)
        : ROOT_CONTEXT;
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

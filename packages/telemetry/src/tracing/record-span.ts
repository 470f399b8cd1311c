import { ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import type {
  Attributes,
  Link,
  SpanContext,
  SpanKind,
  SpanOptions,
  Tracer,
} from "@opentelemetry/api";
import { SAMPLING_PRIORITY } from "./sampler.ts";

/** A span that is known only when it is over: a batch that was slow, a dead letter, a failure. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind?: SpanKind;
  /** Milliseconds since 1970; fractions are kept to the microsecond. */
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly attributes?: Attributes;
  readonly parent?: SpanContext;
  readonly links?: readonly SpanContext[];
  /** Marks the span as failed, with this message. */
  readonly error?: string;
}

/** Records a span after the fact and gives its context. */
export type RecordSpan = (span: RecordedSpan) => SpanContext;

/**
 * Records with priority (see sampler.ts): the span is kept, within its allowance, even where its
 * trace was not, and then carries the trace ID that the logs name. Nothing is paid for the ordinary
 * case, in which nobody calls it.
 */
export function createRecordSpan(tracer: Tracer): RecordSpan {
  return (recorded) => {
    const parentContext =
      recorded.parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, recorded.parent);
    const options: SpanOptions = {
      startTime: recorded.startTimeMs,
      attributes: { ...recorded.attributes, [SAMPLING_PRIORITY]: 1 },
      links: (recorded.links ?? []).map((context): Link => ({ context })),
      ...(recorded.kind === undefined ? {} : { kind: recorded.kind }),
    };
    const span = tracer.startSpan(recorded.name, options, parentContext);
    if (recorded.error !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: recorded.error });
    }
    span.end(recorded.endTimeMs);
    return span.spanContext();
  };
}

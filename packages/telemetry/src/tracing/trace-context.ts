import { Buffer } from "node:buffer";
import { isSpanContextValid } from "@opentelemetry/api";
import type { SpanContext } from "@opentelemetry/api";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Bytes of an encoded trace context: trace ID 16, span ID 8, flags 1. */
export const TRACE_CONTEXT_BYTES = TRACE_ID_BYTES + SPAN_ID_BYTES + 1;

/**
 * A span's context for a stream entry: trace ID (16 bytes), span ID (8), trace flags (1), as in
 * the fields of W3C `traceparent`. An invalid context (tracing is off) becomes 25 zero bytes, which
 * {@link decodeTraceContext} reads as none.
 */
export function encodeTraceContext(spanContext: SpanContext): Uint8Array {
  const bytes = Buffer.alloc(TRACE_CONTEXT_BYTES);
  if (!isSpanContextValid(spanContext)) return bytes;
  bytes.write(spanContext.traceId, 0, TRACE_ID_BYTES, "hex");
  bytes.write(spanContext.spanId, TRACE_ID_BYTES, SPAN_ID_BYTES, "hex");
  bytes[TRACE_ID_BYTES + SPAN_ID_BYTES] = spanContext.traceFlags & 0xff;
  return bytes;
}

/**
 * The context that {@link encodeTraceContext} wrote, marked remote. Undefined for any other
 * length and for all-zero IDs, which W3C Trace Context (§ 3.2.2) calls invalid.
 */
export function decodeTraceContext(bytes: Uint8Array): SpanContext | undefined {
  if (bytes.length !== TRACE_CONTEXT_BYTES) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spanIdEnd = TRACE_ID_BYTES + SPAN_ID_BYTES;
  const context: SpanContext = {
    traceId: buffer.toString("hex", 0, TRACE_ID_BYTES),
    spanId: buffer.toString("hex", TRACE_ID_BYTES, spanIdEnd),
    traceFlags: buffer.readUInt8(spanIdEnd),
    isRemote: true,
  };
  return isSpanContextValid(context) ? context : undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The context of a `traceparent` header, marked remote, or undefined where the header does not
 * follow W3C Trace Context (§ 3.2): version ff, all-zero IDs, upper case, or more after version 00.
 */
export function parseTraceparent(header: string): SpanContext | undefined {
  const match = TRACEPARENT.exec(header.trim());
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, more] = match;
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  };
  return isSpanContextValid(context) ? context : undefined;
}

/** The `traceparent` header of a context, version 00, or undefined for an invalid one. */
export function formatTraceparent(spanContext: SpanContext): string | undefined {
  if (!isSpanContextValid(spanContext)) return undefined;
  const flags = (spanContext.traceFlags & 0xff).toString(16).padStart(2, "0");
  return `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`;
}

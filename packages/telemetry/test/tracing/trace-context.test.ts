import { defaultTextMapGetter, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { SpanContext } from "@opentelemetry/api";
import { core } from "@opentelemetry/sdk-node";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeTraceContext,
  encodeTraceContext,
  formatTraceparent,
  parseTraceparent,
  TRACE_CONTEXT_BYTES,
} from "../../src/index.ts";

function hex(digits: number): fc.Arbitrary<string> {
  const digit = fc.nat(15).map((value) => value.toString(16));
  return fc
    .array(digit, { minLength: digits, maxLength: digits })
    .map((all) => all.join(""))
    .filter((text) => /[^0]/.test(text));
}

const spanContext: fc.Arbitrary<SpanContext> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.nat(255),
});

test("a context survives the way through a stream entry, and comes out remote", () => {
  fc.assert(
    fc.property(spanContext, fc.nat(9), (context, offset) => {
      const bytes = encodeTraceContext(context);
      expect(bytes).toHaveLength(TRACE_CONTEXT_BYTES);
      const within = new Uint8Array(offset + bytes.length + 3);
      within.set(bytes, offset);
      const entry = within.subarray(offset, offset + bytes.length);
      expect(decodeTraceContext(entry)).toEqual({ ...context, isRemote: true });
    }),
  );
});

test("the layout is trace ID, span ID, flags", () => {
  const bytes = encodeTraceContext({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
  });
  expect(Buffer.from(bytes).toString("hex")).toBe(
    "0af7651916cd43dd8448eb211c80319cb7ad6b716920333101",
  );
});

test("an invalid context is 25 zeros, which are none", () => {
  for (const traceId of ["0".repeat(32), "short", "Z".repeat(32)]) {
    const bytes = encodeTraceContext({ traceId, spanId: "b7ad6b7169203331", traceFlags: 1 });
    expect(bytes).toEqual(Buffer.alloc(TRACE_CONTEXT_BYTES));
    expect(decodeTraceContext(bytes)).toBeUndefined();
  }
});

test("any other bytes are none or a context that encodes to them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 30 }), (bytes) => {
      const context = decodeTraceContext(bytes);
      if (context === undefined) return;
      expect(bytes).toHaveLength(TRACE_CONTEXT_BYTES);
      expect(Buffer.from(encodeTraceContext(context))).toEqual(Buffer.from(bytes));
    }),
  );
});

test("traceparent is read and written as the specification has it", () => {
  const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const context = parseTraceparent(` ${header} `);
  expect(context).toEqual({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    isRemote: true,
  });
  expect(context && formatTraceparent(context)).toBe(header);
  expect(parseTraceparent(header.replace("00-", "01-") + "-more")?.traceFlags).toBe(1);
  expect(formatTraceparent({ traceId: "", spanId: "", traceFlags: 0 })).toBeUndefined();
});

test.for([
  "",
  "00",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
])("refused: %s", (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test("our reading and OpenTelemetry's own agree", () => {
  const propagator = new core.W3CTraceContextPropagator();
  const header = fc.oneof(
    spanContext.map((context) => formatTraceparent(context) ?? ""),
    fc
      .tuple(fc.constantFrom("00", "01", "fe", "ff", "0"), hex(32), hex(16), hex(2))
      .map((parts) => parts.join("-")),
    fc.string(),
  );
  fc.assert(
    fc.property(header, (traceparent) => {
      const extracted = propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
      expect(parseTraceparent(traceparent)).toEqual(trace.getSpanContext(extracted));
    }),
  );
});

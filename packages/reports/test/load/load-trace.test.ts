import { expect, test } from "vitest";
import { encodeTraceContext, SpanKind, trace } from "@tributary/telemetry";
import type { Span, SpanContext, Tracer } from "@tributary/telemetry";
import { LoadTraces } from "../../src/load/load-trace.ts";

interface Started {
  readonly parent: SpanContext | undefined;
  readonly links: (SpanContext | undefined)[];
  readonly kind: SpanKind | undefined;
}

/** A tracer that notes what is started. */
function recorder(): { tracer: Tracer; started: Started[] } {
  const started: Started[] = [];
  const none = trace.getTracer("none");
  const tracer: Tracer = {
    startSpan(name, options, context): Span {
      const parent = context === undefined ? undefined : trace.getSpanContext(context);
      const links = (options?.links ?? []).map((link) => link.context);
      started.push({ parent, links, kind: options?.kind });
      return none.startSpan(name);
    },
    startActiveSpan: () => {
      throw new Error("not used");
    },
  };
  return { tracer, started };
}

const context = (n: number): SpanContext => ({
  traceId: n.toString(16).padStart(32, "0"),
  spanId: n.toString(16).padStart(16, "0"),
  traceFlags: 1,
});
const joined = (...numbers: number[]): Uint8Array =>
  Buffer.concat(numbers.map((n) => encodeTraceContext(context(n))));

test("one request is the parent, several are links, each once and bounded", () => {
  const { tracer, started } = recorder();
  const traces = new LoadTraces();
  traces.start(tracer, 0);
  traces.add(joined(7, 7));
  traces.add(new Uint8Array(25));
  traces.start(tracer, 0);
  traces.add(joined(8));
  traces.start(tracer, 0);
  traces.add(joined(...Array.from({ length: 500 }, (_value, i) => i + 100)));
  traces.start(tracer, 0);
  traces.clear();
  traces.start(tracer, 0);
  // Without a sampled request, first and last, no trace begins.
  expect(started.map(({ parent, links }) => [parent?.traceId, links.length])).toEqual([
    [context(7).traceId, 0],
    [undefined, 2],
    [undefined, 128],
  ]);
  expect(started.every(({ kind }) => kind === SpanKind.CONSUMER)).toBe(true);
});

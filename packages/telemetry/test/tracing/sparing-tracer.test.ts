import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { RateLimitedSampler, SAMPLING_PRIORITY } from "../../src/index.ts";
import { sparingTracer } from "../../src/tracing/sparing-tracer.ts";

let nowMs = 0;
const make = (tracesPerSecond: number) => {
  nowMs = 0;
  const sampler = new RateLimitedSampler(tracesPerSecond, () => nowMs);
  let made = 0;
  const counted = {
    shouldSample: (...args: Parameters<RateLimitedSampler["shouldSample"]>) => {
      made += 1;
      return sampler.shouldSample(...args);
    },
    toString: () => "counted",
  };
  const tracer = sparingTracer(
    new BasicTracerProvider({ sampler: counted }).getTracer("t"),
    sampler,
  );
  return { tracer, made: () => made };
};
const remote = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: "1".repeat(32),
  spanId: "2".repeat(16),
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
});

test("roots are kept as the sampler keeps them, and those beyond cost no span", () => {
  const { tracer, made } = make(2);
  const kept = (): boolean => tracer.startSpan("r", {}, ROOT_CONTEXT).isRecording();
  expect([kept(), kept(), kept(), kept()]).toEqual([true, true, false, false]);
  expect(made()).toBe(2);
  nowMs = 500;
  expect([kept(), kept()]).toEqual([true, false]);
  expect(made()).toBe(3);
});

test("what may be kept for another reason is always asked for", () => {
  const { tracer, made } = make(1);
  tracer.startSpan("r", {}, ROOT_CONTEXT);
  const urgent = { attributes: { [SAMPLING_PRIORITY]: 1 } };
  expect(tracer.startSpan("slow", urgent, ROOT_CONTEXT).isRecording()).toBe(true);
  const linked = { links: [{ context: trace.getSpanContext(remote) ?? never() }] };
  expect(tracer.startSpan("batch", linked, ROOT_CONTEXT).isRecording()).toBe(true);
  expect(tracer.startSpan("child", { kind: SpanKind.CONSUMER }, remote).isRecording()).toBe(true);
  expect(made()).toBe(4);
});

function never(): never {
  throw new Error("there is a context");
}

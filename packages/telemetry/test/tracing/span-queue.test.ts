import type { SpanContext } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { SpanQueue } from "../../src/tracing/span-queue.ts";
import type { SpanOutcome, SpanQueueOptions } from "../../src/tracing/span-queue.ts";

type ExportCallback = Parameters<SpanExporter["export"]>[1];
type Behaviour = "take" | "refuse" | "throw" | "hang" | "take late";

/** An exporter that does as it is told, and what became of the spans given to it. */
class FakeCollector {
  behaviour: Behaviour = "take";
  batches: number[] = [];
  created = 0;
  closed = 0;
  inFlight = 0;
  mostInFlight = 0;
  hanging: ExportCallback[] = [];
  counts: Record<SpanOutcome, number> = { exported: 0, failed: 0, dropped: 0 };
  reasons: string[] = [];

  queue(options: Partial<SpanQueueOptions> = {}): SpanQueue {
    return new SpanQueue({
      maxQueueSize: 10,
      maxExportBatchSize: 4,
      scheduledDelayMs: 100,
      exportTimeoutMs: 50,
      shutdownTimeoutMs: 500,
      createExporter: () => {
        this.created += 1;
        return this.#exporter();
      },
      onOutcome: (outcome, spans, error) => {
        this.counts[outcome] += spans;
        if (error !== undefined) this.reasons.push(error.message);
      },
      ...options,
    });
  }

  get total(): number {
    return this.counts.exported + this.counts.failed + this.counts.dropped;
  }

  #exporter(): SpanExporter {
    return {
      export: (spans, callback) => {
        if (this.behaviour === "throw") throw new Error("thrown");
        this.batches.push(spans.length);
        this.inFlight += 1;
        this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
        const done: ExportCallback = (result) => {
          this.inFlight -= 1;
          callback(result);
        };
        if (this.behaviour === "hang") this.hanging.push(done);
        else if (this.behaviour === "take late") setTimeout(() => done({ code: 0 }), 20);
        else if (this.behaviour === "take") done({ code: 0 });
        else done({ code: 1, error: new Error("refused") });
      },
      shutdown: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    };
  }
}

function span(sampled = true): ReadableSpan {
  const spanContext: SpanContext = {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    traceFlags: sampled ? 1 : 0,
  };
  // The queue reads nothing else of a span.
  const attributes: ReadableSpan["attributes"] = {};
  return { spanContext: () => spanContext, status: { code: 0 }, attributes } as ReadableSpan;
}

function end(queue: SpanQueue, spans: number): void {
  for (let i = 0; i < spans; i++) queue.onEnd(span());
}

describe("the span queue", () => {
  let collector: FakeCollector;

  beforeEach(() => {
    vi.useFakeTimers();
    collector = new FakeCollector();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("takes credentials out of failed spans", () => {
    const key = `tw_${"x".repeat(32)}`;
    const status = { code: 2, message: `no template ${key}` };
    const attributes = { "url.query": `?key=${key}&n=1`, n: 1 };
    const failed: ReadableSpan = { ...span(), status, attributes };
    collector.queue().onEnd(failed);
    expect(failed.status.message).toBe("no template [redacted]");
    expect(failed.attributes).toEqual({ "url.query": "?key=[redacted]&n=1", n: 1 });
  });

  test("waits for the delay, or for a full batch", async () => {
    const queue = collector.queue();
    end(queue, 3);
    await vi.advanceTimersByTimeAsync(99);
    expect(collector.batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(collector.batches).toEqual([3]);
    end(queue, 4);
    expect(collector.batches).toEqual([3]); // never within the call that ends a span
    await vi.advanceTimersByTimeAsync(1);
    expect(collector.batches).toEqual([3, 4]);
    expect(collector.created).toBe(1);
  });

  test("leaves out spans that are recorded but not sampled", async () => {
    const queue = collector.queue();
    queue.onEnd(span(false));
    await queue.forceFlush();
    expect(collector.total).toBe(0);
  });

  test("has one export in flight and counts what does not fit", async () => {
    collector.behaviour = "take late";
    const queue = collector.queue();
    end(queue, 4);
    await vi.advanceTimersByTimeAsync(1);
    end(queue, 12);
    expect(collector.counts).toEqual({ exported: 0, failed: 0, dropped: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(collector.counts).toEqual({ exported: 14, failed: 0, dropped: 2 });
    expect(collector.mostInFlight).toBe(1);
  });

  test("gives up an export after the timeout, with its exporter, and ignores a late answer", async () => {
    collector.behaviour = "hang";
    const queue = collector.queue();
    end(queue, 4);
    await vi.advanceTimersByTimeAsync(51);
    expect(collector.counts).toEqual({ exported: 0, failed: 4, dropped: 0 });
    expect(collector.reasons).toEqual(["no answer within 50 ms"]);
    expect(collector.closed).toBe(1);
    collector.hanging[0]?.({ code: 0 });
    expect(collector.total).toBe(4);
  });

  test("can give up an export also after a late answer to the one before", async () => {
    collector.behaviour = "hang";
    const queue = collector.queue({ exportTimeoutMs: 1000, shutdownTimeoutMs: 300 });
    end(queue, 4);
    await vi.advanceTimersByTimeAsync(1001);
    end(queue, 1);
    await vi.advanceTimersByTimeAsync(210);
    expect(collector.hanging).toHaveLength(2);
    collector.hanging[0]?.({ code: 0 });
    let stopped = false;
    void queue.shutdown().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(300);
    expect(stopped).toBe(true);
    expect(collector.counts).toEqual({ exported: 0, failed: 5, dropped: 0 });
    expect(collector.created).toBe(2);
  });

  test("tries seldom while exports fail, and at its old pace after one succeeds", async () => {
    collector.behaviour = "refuse";
    const queue = collector.queue();
    const ending = setInterval(() => end(queue, 1), 10);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    // 100 ms doubled up to 30 s: 9 attempts in the first minute, then two a minute.
    expect(collector.batches.length).toBeGreaterThan(20);
    expect(collector.batches.length).toBeLessThan(30);
    collector.behaviour = "take";
    await vi.advanceTimersByTimeAsync(31_000);
    const before = collector.batches.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(collector.batches.length - before).toBeGreaterThan(200);
    clearInterval(ending);
    await queue.shutdown();
  });

  test.for(["refuse", "throw"] as const)(
    "shutdown does not insist when exports %s",
    async (behaviour) => {
      collector.behaviour = behaviour;
      const queue = collector.queue();
      end(queue, 9);
      await queue.shutdown();
      expect(collector.counts).toEqual({ exported: 0, failed: 4, dropped: 5 });
      expect(queue.length).toBe(0);
    },
  );

  test("shutdown is bounded, also by an exporter that does not close", async () => {
    collector.behaviour = "hang";
    const queue = collector.queue({
      exportTimeoutMs: 60_000,
      createExporter: () => ({
        export: () => {},
        shutdown: () => new Promise<void>(() => {}),
      }),
    });
    end(queue, 9);
    let stopped = false;
    const stopping = queue.shutdown().then(() => (stopped = true));
    await vi.advanceTimersByTimeAsync(299);
    expect(stopped).toBe(false);
    await vi.advanceTimersByTimeAsync(201);
    await stopping;
    expect(collector.counts).toEqual({ exported: 0, failed: 4, dropped: 5 });
    end(queue, 2);
    expect(collector.counts.dropped).toBe(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("flush sends what waits and stops at the first failure", async () => {
    const queue = collector.queue();
    end(queue, 10);
    await queue.forceFlush();
    expect(collector.counts.exported).toBe(10);
    collector.behaviour = "refuse";
    end(queue, 10);
    await queue.forceFlush();
    expect(collector.counts.failed).toBe(4);
    expect(queue.length).toBe(6);
  });
});

test("after shutdown every ended span is counted exactly once, whatever the exporter did", async () => {
  const behaviour = fc.constantFrom<Behaviour>("take", "refuse", "throw", "hang", "take late");
  const step = fc.record({ behaviour, spans: fc.nat(15), waitMs: fc.nat(400) });
  vi.useFakeTimers();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const collector = new FakeCollector();
        const queue = collector.queue();
        let ended = 0;
        for (const { behaviour: next, spans, waitMs } of steps) {
          collector.behaviour = next;
          end(queue, spans);
          ended += spans;
          expect(queue.length).toBeLessThanOrEqual(10);
          await vi.advanceTimersByTimeAsync(waitMs);
          if (waitMs % 3 === 0) for (const late of collector.hanging.splice(0)) late({ code: 0 });
        }
        const stopping = queue.shutdown();
        await vi.advanceTimersByTimeAsync(500);
        await stopping;
        end(queue, 1);
        expect(collector.total).toBe(ended + 1);
      }),
      { numRuns: runs(300) },
    );
  } finally {
    vi.useRealTimers();
  }
});

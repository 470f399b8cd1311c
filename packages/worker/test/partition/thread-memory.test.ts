/** A compute thread that runs out of its heap is distinguished from one that crashes. */
import { DEFAULT_JOURNEY_OPTIONS } from "@tributary/attribution";
import { OutOfMemoryError } from "@tributary/streams";
import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { createWorkerMetrics } from "../../src/metrics.ts";
import { BatchTrace } from "../../src/partition/batch-trace.ts";
import { AttributionProcessor } from "../../src/partition/processor.ts";
import { ThreadPool } from "../../src/threads/pool.ts";
import { entryOf, NOW } from "../support/blocks.ts";

test("a batch on which a thread's heap is full says so", async () => {
  const lines: string[] = [];
  const telemetry = startTelemetry({
    serviceName: "tributary-worker",
    serviceVersion: "0",
    instanceId: "test",
    config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none", LOG_LEVEL: "error" }),
    logDestination: { write: (line: string) => void lines.push(line) },
  });
  onTestFinished(async () => telemetry.shutdown());
  const data = {
    journeys: DEFAULT_JOURNEY_OPTIONS,
    partitions: 8,
    seed: 7,
    vocabularyBytes: 2 ** 20,
  };
  const threads = new ThreadPool(
    { threads: 1, heapMb: 48, data },
    () => undefined,
    () => undefined,
  );
  onTestFinished(async () => threads.close());
  const processor = new AttributionProcessor(
    threads,
    new BatchTrace(telemetry, 1000),
    createWorkerMetrics(telemetry),
    { horizonMs: 1, factsKeptMs: 1 },
    telemetry.logger,
  );
  await processor.restore(0, [], true);
  // Pairs of users and anonymous IDs fill the thread's heap.
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 100; i += 1) {
      const events = Array.from({ length: 10_000 }, (_, j) => ({
        id: `t${i}-${j}`,
        type: "click",
        time: NOW - 5,
        userId: `u${i}-${j}`,
        anonymousId: `a${i}-${j}`,
      }));
      await processor.process(0, [{ id: `${i}-1`, count: 10_000, block: entryOf(events) }]);
    }
  };
  await expect(fill()).rejects.toBeInstanceOf(OutOfMemoryError);
  expect(lines.join()).toContain("TRIBUTARY_THREAD_HEAP_MB");
}, 120_000);

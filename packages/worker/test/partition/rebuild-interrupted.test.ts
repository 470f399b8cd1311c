/** A compute thread that ends between two pages of a rebuild: its successor must not go on where it left off. */
import { DEFAULT_JOURNEY_OPTIONS } from "@tributary/attribution";
import { MemoryLostError, type StreamEntry } from "@tributary/streams";
import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { createWorkerMetrics } from "../../src/metrics.ts";
import { BatchTrace } from "../../src/partition/batch-trace.ts";
import { AttributionProcessor } from "../../src/partition/processor.ts";
import { ThreadPool } from "../../src/threads/pool.ts";
import { entryOf, NOW } from "../support/blocks.ts";

test("a rebuild that another thread began is refused, and begins again", async () => {
  const telemetry = startTelemetry({
    serviceName: "tributary-worker",
    serviceVersion: "0",
    instanceId: "test",
    config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none", LOG_LEVEL: "fatal" }),
    logDestination: { write: () => undefined },
  });
  onTestFinished(async () => telemetry.shutdown());
  const data = {
    journeys: DEFAULT_JOURNEY_OPTIONS,
    partitions: 8,
    seed: 7,
    vocabularyBytes: 2 ** 20,
  };
  const threads = new ThreadPool(
    { threads: 1, heapMb: 256, data },
    () => expect.unreachable(),
    () => expect.unreachable(),
  );
  onTestFinished(async () => threads.close());
  const processor = new AttributionProcessor(
    threads,
    new BatchTrace(telemetry, 1000),
    createWorkerMetrics(telemetry),
    { horizonMs: 1, factsKeptMs: 1 },
    telemetry.logger,
  );
  const click = { id: "t", type: "click", time: NOW - 5, userId: "u", channel: "email" };
  const page = (n: number): StreamEntry[] => [
    { id: `${n}-1`, count: 1, block: entryOf([{ ...click, id: `t${n}` }]) },
  ];

  await processor.restore(0, [], true);
  await processor.restore(0, page(1), false);
  // As in the successor of a thread that died: it holds nothing of the partition.
  await threads.run({ kind: "forget", partition: 0 });
  await expect(processor.restore(0, page(2), false)).rejects.toBeInstanceOf(MemoryLostError);

  await processor.restore(0, [], true);
  for (const n of [1, 2]) await processor.restore(0, page(n), false);
  expect(processor.stateSize.facts).toBe(2);
});

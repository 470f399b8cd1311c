import type { DescribedResult } from "@tributary/attribution";
import {
  ATTRIBUTION_GROUP,
  eventsKey,
  ProtocolError,
  readEntryTraces,
  REVISION_REASONS,
} from "@tributary/protocol";
import type { CommitOutcome, StreamEntry } from "@tributary/streams";
import {
  context,
  decodeTraceContext,
  encodeTraceContext,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Telemetry,
  trace,
  TRACE_CONTEXT_BYTES,
} from "@tributary/telemetry";
import type { ProcessedReply } from "../threads/messages.ts";

/** Most requests that a batch's span is linked to. */
const MAX_LINKS = 64;

/** The spans of one batch: `process`, with `compute` and `commit` inside. Only where a request in it was sampled. */
export class BatchTrace {
  readonly #telemetry: Telemetry;
  readonly #slowBatchMs: number;
  readonly #spans = new Map<number, Span>();

  constructor(telemetry: Telemetry, slowBatchMs: number) {
    this.#telemetry = telemetry;
    this.#slowBatchMs = slowBatchMs;
  }

  /** Begins a batch's span. @returns its context for the blocks, undefined where no request in it was sampled */
  begin(partition: number, entries: readonly StreamEntry[]): Uint8Array | undefined {
    this.#spans.delete(partition);
    const contexts = contextsOf(entries);
    const [parent, ...others] = contexts;
    if (parent === undefined) return undefined;
    const span = this.#telemetry.tracer.startSpan(
      `process ${eventsKey(partition)}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: attributesOf(partition, entries),
        links: others.map((other): Link => ({ context: other })),
      },
      trace.setSpanContext(context.active(), parent),
    );
    if (!span.isRecording()) return undefined;
    this.#spans.set(partition, span);
    return encodeTraceContext(span.spanContext());
  }

  /** The batch was computed. */
  computed(partition: number, reply: ProcessedReply): void {
    const span = this.#spans.get(partition);
    if (span === undefined) return;
    const compute = this.#child(span, "compute", SpanKind.INTERNAL, reply, {
      "tributary.facts": reply.factCount,
      "tributary.conversions": reply.attributed.reduce((sum, count) => sum + count, 0),
      "tributary.state.facts": reply.state.facts,
    });
    for (const result of reply.described) {
      this.#child(compute, "attribute conversion", SpanKind.INTERNAL, reply, wordsOf(result));
    }
  }

  /** The batch failed, and is tried again from its start. */
  failed(partition: number, error: unknown): void {
    const span = this.#spans.get(partition);
    if (span === undefined) return;
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
    span.end();
    this.#spans.delete(partition);
  }

  /** The batch was committed: ends its span. Slow batches and dead letters are recorded even where nothing was sampled. */
  committed(partition: number, factsId: string, outcome: CommitOutcome): void {
    const span = this.#spans.get(partition);
    this.#spans.delete(partition);
    const { startedAtMs, commitStartedAtMs, finishedAtMs, entries, deadLetters } = outcome;
    const reason = deadLetters[0]?.reason;
    if (span === undefined) {
      if (finishedAtMs - startedAtMs < this.#slowBatchMs && reason === undefined) return;
      const recorded = this.#telemetry.recordSpan({
        name: `process ${eventsKey(partition)}`,
        kind: SpanKind.CONSUMER,
        startTimeMs: startedAtMs,
        endTimeMs: finishedAtMs,
        attributes: {
          ...attributesOf(partition, entries),
          "tributary.epoch": Number(outcome.epoch),
          "tributary.dead_letters": deadLetters.length,
        },
        ...(reason === undefined ? {} : { error: reason }),
      });
      this.#logBatch(partition, recorded.traceId, outcome);
      return;
    }
    this.#child(
      span,
      "commit",
      SpanKind.CLIENT,
      { startedAtMs: commitStartedAtMs, finishedAtMs },
      {
        "db.system.name": "redis",
        "db.operation.name": "EVALSHA",
        "tributary.facts.id": factsId,
      },
    );
    span.setAttribute("tributary.epoch", Number(outcome.epoch));
    if (reason !== undefined) {
      span.setAttribute("tributary.dead_letters", deadLetters.length);
      span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    }
    span.end();
    const slow = finishedAtMs - startedAtMs >= this.#slowBatchMs;
    if (slow || reason !== undefined)
      this.#logBatch(partition, span.spanContext().traceId, outcome);
  }

  /** A slow batch, or one with dead letters, is worth a line that leads to its trace. */
  #logBatch(partition: number, traceId: string, outcome: CommitOutcome): void {
    const { deadLetters, startedAtMs, finishedAtMs, entries } = outcome;
    const fields = {
      trace_id: traceId,
      partition,
      entries: entries.length,
      deadLetters: deadLetters.length,
      elapsedMs: finishedAtMs - startedAtMs,
    };
    if (deadLetters.length > 0) this.#telemetry.logger.error(fields, "batch with dead letters");
    else this.#telemetry.logger.warn(fields, "slow batch");
  }

  #child(
    parent: Span,
    name: string,
    kind: SpanKind,
    { startedAtMs, finishedAtMs }: { readonly startedAtMs: number; readonly finishedAtMs: number },
    attributes: Record<string, string | number>,
  ): Span {
    const child = this.#telemetry.tracer.startSpan(
      name,
      { kind, startTime: new Date(startedAtMs), attributes },
      trace.setSpan(context.active(), parent),
    );
    child.end(new Date(finishedAtMs));
    return child;
  }
}

/** By these one finds a conversion's trace, and reads why it got its credits. Shares have four digits. */
function wordsOf(result: DescribedResult): Record<string, string | number> {
  const { conversionId, orderId, revision, reason, touches, path, credits } = result;
  const shares = Object.entries(credits).map(([model, of]) => [
    `tributary.credits.${model}`,
    of.map((share) => share.toFixed(4)).join(" "),
  ]);
  return {
    "tributary.conversion.id": conversionId,
    ...(orderId === "" ? {} : { "tributary.order.id": orderId }),
    "tributary.revision": revision,
    "tributary.reason": REVISION_REASONS[reason] ?? "",
    "tributary.touchpoints": touches,
    "tributary.path": path.join(" > "),
    ...Object.fromEntries(shares),
  };
}

function attributesOf(
  partition: number,
  entries: readonly StreamEntry[],
): Record<string, string | number> {
  return {
    "messaging.system": "redis",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "events",
    "messaging.destination.partition.id": String(partition),
    "messaging.consumer.group.name": ATTRIBUTION_GROUP,
    "messaging.batch.message_count": entries.reduce((sum, { count }) => sum + count, 0),
    "tributary.entries": entries.length,
    "tributary.entry.first": entries[0]?.id ?? "",
    "tributary.entry.last": entries.at(-1)?.id ?? "",
  };
}

/** The sampled requests of a batch. An entry that cannot be read has none: what is wrong with it shows when it is computed. */
function contextsOf(entries: readonly StreamEntry[]): SpanContext[] {
  const contexts: SpanContext[] = [];
  for (const { block } of entries) {
    let traces: Uint8Array;
    try {
      traces = readEntryTraces(block);
    } catch (error) {
      if (error instanceof ProtocolError) continue;
      throw error;
    }
    for (
      let at = 0;
      at + TRACE_CONTEXT_BYTES <= traces.length && contexts.length < MAX_LINKS;
      at += TRACE_CONTEXT_BYTES
    ) {
      const found = decodeTraceContext(traces.subarray(at, at + TRACE_CONTEXT_BYTES));
      if (found !== undefined) contexts.push(found);
    }
  }
  return contexts;
}

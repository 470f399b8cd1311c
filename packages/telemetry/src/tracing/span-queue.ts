import { context, ROOT_CONTEXT, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { backoffMs } from "@tributary/service";
import type { SpanQueueConfig } from "../config.ts";
import { redactText } from "../redact.ts";

/** What became of a sampled span: taken by the collector, given up by an export, or never sent. */
export type SpanOutcome = "exported" | "failed" | "dropped";

export interface SpanQueueOptions extends SpanQueueConfig {
  /** Longest {@link SpanQueue.shutdown}, ms. */
  readonly shutdownTimeoutMs: number;
  /** A new exporter. Called at first use, and again after a failure. */
  createExporter(): SpanExporter;
  /** Called for every sampled span exactly once, in groups; `error` comes with `failed`. */
  onOutcome(outcome: SpanOutcome, spans: number, error?: Error): void;
  /** The context to export in: one in which nothing is traced. */
  readonly exportContext?: Context;
}

/** Longest pause after failures, ms. */
const MAX_BACKOFF_MS = 30_000;

/** Part of the shutdown's time that closing the exporter may take, ms. */
const CLOSE_MS = 200;

/**
 * The bounded queue between the pipeline and the exporter. It differs from the SDK's
 * BatchSpanProcessor, which drops without a word on overflow, in three ways:
 *
 * - Every sampled span is reported once: after shutdown, ended = exported + failed + dropped.
 * - Ending a span only appends to an array; encoding happens later, one batch in flight.
 * - A failed export is not repeated; the exporter is thrown away, which closes its connections
 *   (jaeger-client sets no deadline on a request, so a collector that never answers would otherwise
 *   collect open sockets), and the next attempt waits twice as long, up to 30 s.
 *
 * "failed" means that nobody confirmed the spans; some of them may have arrived.
 */
export class SpanQueue implements SpanProcessor {
  readonly #options: SpanQueueOptions;
  readonly #spans: ReadableSpan[] = [];
  #exporter: SpanExporter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pumping: Promise<void> | undefined;
  #failuresInRow = 0;
  #giveUpExport: ((error: Error) => void) | undefined;
  #shutdown: Promise<void> | undefined;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  /** Spans that wait for an export. */
  get length(): number {
    return this.#spans.length;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    const full = this.#spans.length >= this.#options.maxQueueSize;
    if (full || this.#shutdown !== undefined) {
      this.#options.onOutcome("dropped", 1);
      return;
    }
    if (span.status.code === SpanStatusCode.ERROR) redactSpan(span);
    this.#spans.push(span);
    if (this.#pumping !== undefined) return;
    const batchIsFull = this.#spans.length === this.#options.maxExportBatchSize;
    if (batchIsFull && this.#failuresInRow === 0) this.#exportIn(0);
    else if (this.#timer === undefined) this.#exportIn(this.#delayMs());
  }

  /** Exports what is queued now; ends early at the first failure. Never rejects. */
  async forceFlush(): Promise<void> {
    const batches = Math.ceil(this.#spans.length / this.#options.maxExportBatchSize);
    await this.#pumping;
    for (let i = 0; i < batches && this.#spans.length > 0; i++) {
      await this.#pump();
      if (this.#failuresInRow > 0) return;
    }
  }

  /**
   * Exports what is queued, gives up what cannot be exported within the bound, closes the exporter.
   * Later spans are dropped. Never rejects; a second call waits for the first.
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#stop();
    return this.#shutdown;
  }

  async #stop(): Promise<void> {
    const timeoutMs = Math.max(0, this.#options.shutdownTimeoutMs - CLOSE_MS);
    const late = new Error(`shut down after waiting ${timeoutMs} ms for the collector`);
    let stopped = false;
    const deadline = setTimeout(() => {
      stopped = true;
      this.#giveUpExport?.(late);
    }, timeoutMs);
    await this.#pumping;
    while (!stopped && this.#spans.length > 0) {
      await this.#pump();
      if (this.#failuresInRow > 0) break;
    }
    clearTimeout(deadline);
    clearTimeout(this.#timer);
    const left = this.#spans.splice(0).length;
    if (left > 0) this.#options.onOutcome("dropped", left);
    await within(CLOSE_MS, this.#closeExporter());
  }

  #delayMs(): number {
    const { scheduledDelayMs } = this.#options;
    if (this.#failuresInRow === 0) return scheduledDelayMs;
    return backoffMs(this.#failuresInRow + 1, scheduledDelayMs, MAX_BACKOFF_MS);
  }

  #exportIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#pump(), delayMs);
    this.#timer.unref();
  }

  /** Exports at least one batch, unless an export is under way, which it then waits for. */
  #pump(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pumping ??= this.#exportBatches();
    return this.#pumping;
  }

  async #exportBatches(): Promise<void> {
    do {
      const batch = this.#spans.splice(0, this.#options.maxExportBatchSize);
      if (batch.length === 0) break;
      const error = await this.#export(batch);
      if (error === undefined) {
        this.#failuresInRow = 0;
        this.#options.onOutcome("exported", batch.length);
      } else {
        this.#failuresInRow += 1;
        this.#options.onOutcome("failed", batch.length, error);
        void this.#closeExporter();
      }
    } while (this.#failuresInRow === 0 && this.#spans.length >= this.#options.maxExportBatchSize);
    this.#pumping = undefined;
    if (this.#spans.length > 0 && this.#shutdown === undefined) this.#exportIn(this.#delayMs());
  }

  /** Resolves to the error, or undefined for success, within the export timeout. */
  #export(batch: ReadableSpan[]): Promise<Error | undefined> {
    const { exportTimeoutMs, exportContext } = this.#options;
    return new Promise((resolve) => {
      const settle = (error: Error | undefined): void => {
        clearTimeout(timer);
        // An exporter may still call back long after the timeout, when the next export runs.
        if (this.#giveUpExport === settle) this.#giveUpExport = undefined;
        resolve(error);
      };
      this.#giveUpExport = settle;
      const timer = setTimeout(
        () => settle(new Error(`no answer within ${exportTimeoutMs} ms`)),
        exportTimeoutMs,
      );
      timer.unref();
      try {
        context.with(exportContext ?? ROOT_CONTEXT, () => {
          this.#exporter ??= this.#options.createExporter();
          this.#exporter.export(batch, ({ code, error }) =>
            settle(code === 0 ? undefined : (error ?? new Error("the exporter gave no reason"))),
          );
        });
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  async #closeExporter(): Promise<void> {
    const exporter = this.#exporter;
    this.#exporter = undefined;
    try {
      await exporter?.shutdown();
    } catch {
      // It is being thrown away; what it still held has been counted.
    }
  }
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

/** Takes credentials out of a failed span: why it failed may repeat what a stranger sent. */
function redactSpan({ status, attributes }: ReadableSpan): void {
  if (status.message !== undefined) status.message = redactText(status.message);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") attributes[name] = redactText(value);
  }
}

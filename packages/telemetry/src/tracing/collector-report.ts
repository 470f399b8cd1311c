import type { Logger } from "pino";
import type { CollectorTarget } from "./exporter.ts";

const QUIET_MS = 60_000;

/** Says, seldom, how the collector of traces fares. */
export interface CollectorReport {
  /** `spans` were given up with `error`. */
  failed(error: Error, spans: number): void;
  /** The collector took a batch. */
  exported(): void;
  /** Spans found the queue full, or were left in it at the end. Costs a comparison where there is nothing to say. */
  dropped(spans: number): void;
}

/**
 * At most one line a minute about losses. The first is `info`: on a laptop there often is no
 * collector, and nothing is wrong. Later ones are `debug` until a collector has answered once, and
 * `warn` from then on. `nowMs` is a clock that never runs back.
 */
export function createCollectorReport(
  logger: Logger,
  target: CollectorTarget,
  nowMs: () => number,
): CollectorReport {
  let saidAtMs = -Infinity;
  let everSaid = false;
  let everExported = false;
  let failing = false;
  let announced = false;
  let lostSpans = 0;

  function say(message: string, reason: string): void {
    const level = everSaid ? (everExported ? "warn" : "debug") : "info";
    logger[level]({ reason, lost_spans: lostSpans }, message);
    saidAtMs = nowMs();
    everSaid = true;
    lostSpans = 0;
  }

  return {
    failed(error, spans) {
      lostSpans += spans;
      failing = true;
      if (nowMs() - saidAtMs < QUIET_MS) return;
      announced = true;
      say(
        `traces are not collected: ${describeFailure(error, target.shown)}; ${target.advice}`,
        error.message,
      );
    },
    exported() {
      everExported = true;
      failing = false;
      if (!announced) return;
      announced = false;
      logger.info({ lost_spans: lostSpans }, `traces are collected again by ${target.shown}`);
      lostSpans = 0;
    },
    dropped(spans) {
      lostSpans += spans;
      // A queue that is full because the collector is unavailable is the other message's business.
      if (failing || nowMs() - saidAtMs < QUIET_MS) return;
      say(
        "spans are dropped: the queue is full; raise OTEL_BSP_MAX_QUEUE_SIZE or trace less",
        "queue full",
      );
    },
  };
}

/** Tells a collector that says no from one that says nothing. */
function describeFailure(error: Error, shown: string): string {
  const status = /HTTP (\d{3})/.exec(error.message)?.[1];
  const code: unknown = "code" in error ? error.code : undefined;
  if (status !== undefined) return `${shown} answered HTTP ${status}`;
  if (typeof code === "number") return `${shown} answered HTTP ${code}`;
  return `no answer from ${shown}`;
}

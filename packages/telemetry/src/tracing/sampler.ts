import { isSpanContextValid, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import type { Attributes, Context, Link, SpanContext } from "@opentelemetry/api";
import type { Sampler, SamplingResult } from "@opentelemetry/sdk-trace-base";

/**
 * A span that starts with this attribute above 0 (an error, a dead letter, a slow batch) is kept
 * out of a second, equal allowance, also where its parent was not. Name from OpenTracing's
 * semantic conventions, which Jaeger knows.
 */
export const SAMPLING_PRIORITY = "sampling.priority";

// The values of SamplingDecision, written out: importing the enum loads the whole SDK.
const NOT_SAMPLED: SamplingResult = { decision: 0 };
const SAMPLED: SamplingResult = { decision: 2 };

/** An allowance of `perSecond` that saves up one second's worth, at least one. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledAtMs: number;

  /** `nowMs` is a clock in milliseconds that never runs back, such as `performance.now`. */
  constructor(perSecond: number, nowMs: () => number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = perSecond > 0 ? Math.max(1, perSecond) : 0;
    this.#nowMs = nowMs;
    this.#tokens = this.#capacity;
    this.#filledAtMs = nowMs();
  }

  /** Whether there is a token to take. */
  get hasOne(): boolean {
    this.#fill();
    return this.#tokens >= 1;
  }

  /** Takes one token if there is one. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #fill(): void {
    const now = this.#nowMs();
    const earned = (now - this.#filledAtMs) * this.#perMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAtMs = now;
  }
}

/**
 * The default sampler: a limited number of new traces a second, each kept from the first request to
 * the last result. A developer's single event is always traced; a million a second cost nothing.
 *
 * - A child follows its parent.
 * - A root that links to a kept span is kept: a batch is traced when one of its requests is.
 * - Any other root takes a token. So does a SERVER span with a sampled remote parent: that flag
 *   came in a header from outside, and must not let a caller trace every request of ours.
 * - {@link SAMPLING_PRIORITY} takes a token from an allowance of its own.
 */
export class RateLimitedSampler implements Sampler {
  readonly #tracesPerSecond: number;
  readonly #roots: TokenBucket;
  readonly #priority: TokenBucket;

  /** `nowMs` as for {@link TokenBucket}. 0 traces a second keeps nothing that is not asked for by a parent. */
  constructor(tracesPerSecond: number, nowMs: () => number) {
    this.#tracesPerSecond = tracesPerSecond;
    this.#roots = new TokenBucket(tracesPerSecond, nowMs);
    this.#priority = new TokenBucket(tracesPerSecond, nowMs);
  }

  /** Whether a root would be kept now for no other reason than that it is one. */
  get takesRoots(): boolean {
    return this.#roots.hasOne;
  }

  shouldSample(
    context: Context,
    _traceId: string,
    _spanName: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    return this.#keeps(trace.getSpanContext(context), kind, attributes, links)
      ? SAMPLED
      : NOT_SAMPLED;
  }

  toString(): string {
    return `RateLimited{${this.#tracesPerSecond}/s}`;
  }

  #keeps(
    parent: SpanContext | undefined,
    kind: SpanKind,
    attributes: Attributes,
    links: readonly Link[],
  ): boolean {
    const isRoot = parent === undefined || !isSpanContextValid(parent);
    if (!isRoot && isSampled(parent)) {
      const fromOutside = parent.isRemote === true && kind === SpanKind.SERVER;
      if (!fromOutside || this.#roots.take()) return true;
    } else if (isRoot) {
      if (links.some((link) => isSampled(link.context)) || this.#roots.take()) return true;
    }
    return Number(attributes[SAMPLING_PRIORITY] ?? 0) > 0 && this.#priority.take();
  }
}

function isSampled(context: SpanContext): boolean {
  return (context.traceFlags & TraceFlags.SAMPLED) !== 0;
}

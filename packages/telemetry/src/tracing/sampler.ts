import { isSpanContextValid, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import type { Attributes, Context, Link, SpanContext } from "@opentelemetry/api";
import { TokenBucket } from "@tributary/service";
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
  readonly #nowMs: () => number;
  readonly #roots: TokenBucket;
  readonly #priority: TokenBucket;

  /**
   * An allowance saves up one second's worth, at least one trace.
   * @param tracesPerSecond 0 keeps nothing that is not asked for by a parent
   * @param nowMs a clock that never runs back, such as `performance.now`
   */
  constructor(tracesPerSecond: number, nowMs: () => number) {
    this.#tracesPerSecond = tracesPerSecond;
    this.#nowMs = nowMs;
    const capacity = tracesPerSecond > 0 ? Math.max(1, tracesPerSecond) : 0;
    this.#roots = new TokenBucket(tracesPerSecond, capacity, nowMs());
    this.#priority = new TokenBucket(tracesPerSecond, capacity, nowMs());
  }

  /** Whether a root would be kept now for no other reason than that it is one. */
  get takesRoots(): boolean {
    return this.#roots.tokens(this.#nowMs()) >= 1;
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
      if (!fromOutside || this.#roots.takeOne(this.#nowMs())) return true;
    } else if (isRoot) {
      if (links.some((link) => isSampled(link.context)) || this.#roots.takeOne(this.#nowMs()))
        return true;
    }
    return Number(attributes[SAMPLING_PRIORITY] ?? 0) > 0 && this.#priority.takeOne(this.#nowMs());
  }
}

function isSampled(context: SpanContext): boolean {
  return (context.traceFlags & TraceFlags.SAMPLED) !== 0;
}

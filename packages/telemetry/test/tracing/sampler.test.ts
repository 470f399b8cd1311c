import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { Attributes, SpanContext } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { RateLimitedSampler, SAMPLING_PRIORITY } from "../../src/index.ts";

const IDS = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
const SAMPLED: SpanContext = { ...IDS, traceFlags: 1 };
const UNSAMPLED: SpanContext = { ...IDS, traceFlags: 0 };

interface Ask {
  readonly parent?: SpanContext;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly link?: SpanContext;
}

function asker(tracesPerSecond: number, clock: { nowMs: number }): (ask?: Ask) => boolean {
  const sampler = new RateLimitedSampler(tracesPerSecond, () => clock.nowMs);
  return ({ parent, kind = SpanKind.INTERNAL, attributes = {}, link } = {}) => {
    const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const links = link ? [{ context: link }] : [];
    return sampler.shouldSample(context, IDS.traceId, "x", kind, attributes, links).decision === 2;
  };
}

describe("the default sampler", () => {
  test("keeps a single event's trace, and N of a flood each second", () => {
    const clock = { nowMs: 0 };
    const keeps = asker(5, clock);
    expect(keeps()).toBe(true);
    clock.nowMs = 1000;
    const kept = Array.from({ length: 1_000_000 }, () => keeps()).filter(Boolean).length;
    expect(kept).toBe(5);
    clock.nowMs = 1199;
    expect(keeps()).toBe(false);
    clock.nowMs = 1201;
    expect(keeps()).toBe(true);
  });

  test("lets a child follow its parent, near or far", () => {
    const keeps = asker(0, { nowMs: 0 });
    for (const isRemote of [false, true]) {
      expect(keeps({ parent: { ...SAMPLED, isRemote } })).toBe(true);
      expect(keeps({ parent: { ...UNSAMPLED, isRemote } })).toBe(false);
    }
    expect(keeps({ parent: { ...SAMPLED, isRemote: true }, kind: SpanKind.CONSUMER })).toBe(true);
  });

  test("takes a token for a server span that was asked for from outside", () => {
    const keeps = asker(2, { nowMs: 0 });
    const ask = { parent: { ...SAMPLED, isRemote: true }, kind: SpanKind.SERVER };
    expect([keeps(ask), keeps(ask), keeps(ask), keeps()]).toEqual([true, true, false, false]);
  });

  test("keeps a root that links to a kept span, without a token", () => {
    const keeps = asker(0, { nowMs: 0 });
    expect(keeps({ link: SAMPLED })).toBe(true);
    expect(keeps({ link: UNSAMPLED })).toBe(false);
  });

  test("has an allowance of its own for what must be seen, also below an unsampled parent", () => {
    const keeps = asker(1, { nowMs: 0 });
    const priority = { attributes: { [SAMPLING_PRIORITY]: 1 }, parent: UNSAMPLED };
    expect([keeps(), keeps(), keeps(priority), keeps(priority)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(keeps({ attributes: { [SAMPLING_PRIORITY]: 0 } })).toBe(false);
  });
});

test("a rate below one a second still keeps its first trace at once", () => {
  const clock = { nowMs: 0 };
  const keeps = asker(0.1, clock);
  expect([keeps(), keeps()]).toEqual([true, false]);
  clock.nowMs = 9_999;
  expect(keeps()).toBe(false);
  clock.nowMs = 10_001;
  expect(keeps()).toBe(true);
});

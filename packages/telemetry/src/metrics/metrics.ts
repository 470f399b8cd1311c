import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
} from "prom-client";
import type { Registry } from "prom-client";
import { LabelBound } from "./label-bound.ts";
import { METRICS } from "./names.ts";
import type { MetricDefinition, MetricName } from "./names.ts";

/** A metric's labels with the values that each may take. */
export type LabelsOf<N extends MetricName> = {
  readonly [
    L in keyof (typeof METRICS)[N]["labels"]
  ]: (typeof METRICS)[N]["labels"][L] extends readonly (infer V)[] ? V : string | number;
};

/** Arguments of a sample: labels first where the metric has any. */
type Sample<N extends MetricName, Rest extends unknown[]> = keyof LabelsOf<N> extends never
  ? Rest
  : [labels: LabelsOf<N>, ...Rest];

export interface Counter<N extends MetricName> {
  /** Adds `value`, 1 without it. */
  inc(...sample: Sample<N, [value?: number]>): void;
}

export interface Gauge<N extends MetricName> {
  set(...sample: Sample<N, [value: number]>): void;
  inc(...sample: Sample<N, [value?: number]>): void;
  dec(...sample: Sample<N, [value?: number]>): void;
  /** Forgets all series: for what this process no longer speaks of. */
  reset(): void;
}

export interface Histogram<N extends MetricName> {
  observe(...sample: Sample<N, [value: number]>): void;
}

/** The metric of a name, by the type that METRICS gives it. */
export type MetricOf<N extends MetricName> = N extends MetricName
  ? (typeof METRICS)[N]["type"] extends "counter"
    ? Counter<N>
    : (typeof METRICS)[N]["type"] extends "gauge"
      ? Gauge<N>
      : Histogram<N>
  : never;

/** The metrics of the names, keyed by name. */
export type Metrics<N extends MetricName> = { readonly [M in N]: MetricOf<M> };

/**
 * Registers the metrics that a service speaks of and gives them by name, typed by METRICS: closed
 * labels take only their values, open ones are bounded. Counters whose labels are closed, or that
 * have none, start at 0, so that a rate over them exists before the first event. A name that
 * `registry` already has is shared, not registered twice.
 */
export function createMetrics<const N extends MetricName>(
  registry: Registry,
  names: readonly N[],
): Metrics<N> {
  const metrics: Partial<Record<MetricName, unknown>> = {};
  for (const name of names) metrics[name] = createMetric(registry, name, METRICS[name]);
  // Each name was given the metric of its own definition in the loop above.
  return metrics as Metrics<N>;
}

type Labels = Readonly<Record<string, string | number>>;

function createMetric(registry: Registry, name: string, definition: MetricDefinition): unknown {
  const bound = new LabelBound(definition.labels);
  const options = {
    name,
    help: definition.help,
    labelNames: Object.keys(definition.labels),
    registers: [registry],
  };
  const known = registry.getSingleMetric(name);
  const read = (first: unknown, second: unknown) => readSample(bound, first, second);
  switch (definition.type) {
    case "counter": {
      const counter = known instanceof PromCounter ? known : new PromCounter(options);
      for (const labels of bound.closedCombinations()) counter.inc(labels, 0);
      return {
        inc(first?: Labels | number, second?: number) {
          const [labels, value] = read(first, second);
          counter.inc(labels, value ?? 1);
        },
      };
    }
    case "gauge": {
      const gauge = known instanceof PromGauge ? known : new PromGauge(options);
      return {
        set(first: Labels | number, second?: number) {
          const [labels, value] = read(first, second);
          gauge.set(labels, value ?? 0);
        },
        inc(first?: Labels | number, second?: number) {
          const [labels, value] = read(first, second);
          gauge.inc(labels, value ?? 1);
        },
        dec(first?: Labels | number, second?: number) {
          const [labels, value] = read(first, second);
          gauge.dec(labels, value ?? 1);
        },
        reset: () => gauge.reset(),
      };
    }
    case "histogram": {
      const buckets = [...(definition.buckets ?? [])];
      const histogram =
        known instanceof PromHistogram ? known : new PromHistogram({ ...options, buckets });
      return {
        observe(first: Labels | number, second?: number) {
          const [labels, value] = read(first, second);
          histogram.observe(labels, value ?? 0);
        },
      };
    }
  }
}

const NO_LABELS: Labels = {};

function readSample(
  bound: LabelBound,
  first: unknown,
  second: unknown,
): [labels: Labels, value: number | undefined] {
  if (typeof first === "object" && first !== null) {
    return [bound.limit(first as Labels), typeof second === "number" ? second : undefined];
  }
  return [NO_LABELS, typeof first === "number" ? first : undefined];
}

/** Messages between the bench and its generator. */
import type { BodyShape } from "./bodies.ts";

/** To the generator, first. */
export interface GeneratorSetup {
  readonly kind: "setup";
  readonly host: string;
  readonly port: number;
  readonly shape: Omit<BodyShape, "writeKey">;
  readonly users: number;
  /** Exponent of Zipf's law; 0 for equal probabilities. */
  readonly skew: number;
  readonly tenants: number;
  readonly connections: number;
  /** Concurrent requests at full speed. */
  readonly requestsUnderWay: number;
}

/** To the generator: send for a time. */
export interface LoadOrder {
  readonly kind: "load";
  readonly seconds: number;
  /** Undefined for full speed. */
  readonly eventsPerSecond: number | undefined;
}

/** The generator is connected. */
export interface GeneratorReady {
  readonly kind: "ready";
  readonly cpuMicros: number;
}

/** All of an order's requests are answered 202. */
export interface LoadDone {
  readonly kind: "done";
  /** Ms since 1970. */
  readonly startedAtMs: number;
  readonly sentUntilMs: number;
  readonly acknowledgedAtMs: number;
  readonly events: number;
  readonly conversions: number;
  /** Requests that were sent again after 429 or 503. */
  readonly retries: number;
  /** CPU time of the generator since its start, µs. */
  readonly cpuMicros: number;
}

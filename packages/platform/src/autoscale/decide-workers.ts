/** How many workers there should be: a pure function of what is measured and of what was learned before. */

/** What autoscaling is held to. */
export interface AutoscaleLimits {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** More than this is too long for what waits, s. */
  readonly targetSeconds: number;
  /** So long it must have been calm, without any change, before a worker is taken away, ms. */
  readonly calmMs: number;
  /** So long after a change nothing is added: partitions are on their way, ms. */
  readonly settleMs: number;
}

/** What is measured of the group `attribution`. */
export interface AutoscaleSignal {
  /** A clock that only grows, ms. */
  readonly nowMs: number;
  readonly workers: number;
  /** Age of the oldest entry that waits, s. */
  readonly ageSeconds: number;
  /** Until what waits is done at the present rate, s; null for never. */
  readonly secondsToDrain: number | null;
  readonly eventsPerSecond: number;
}

/** What one decision leaves for the next. */
export interface AutoscaleMemory {
  /** Since when it has been calm; undefined while it is not. */
  readonly calmSinceMs: number | undefined;
  readonly changedAtMs: number;
  /** Most events a second that a worker did while too much waited; 0 until that was seen. */
  readonly eventsPerWorker: number;
}

export const NO_MEMORY: AutoscaleMemory = Object.freeze({
  calmSinceMs: undefined,
  changedAtMs: -Infinity,
  eventsPerWorker: 0,
});

export interface AutoscaleDecision {
  /** How many there should be. */
  readonly workers: number;
  /** Why, in words with figures; also where nothing changes. */
  readonly reason: string;
  readonly memory: AutoscaleMemory;
}

/** It is calm below this part of the target. */
const CALM = 0.25;
/** What fewer workers are expected to take, of what they did at most. */
const HEADROOM = 0.7;

/**
 * Adds workers as the Horizontal Pod Autoscaler does, in proportion to how far the signal is above its target and no more than
 * twice as many at once, and takes away one at a time: after a long calm, and only where the others have done as much before.
 * So a steady load, which ends the calm as soon as there is one worker too few, does not make the number go up and down.
 * The signal is the larger of age and time to drain: the first tells what users wait for, the second rises earlier.
 */
export function decideWorkers(
  limits: AutoscaleLimits,
  memory: AutoscaleMemory,
  signal: AutoscaleSignal,
): AutoscaleDecision {
  const { minWorkers, maxWorkers, targetSeconds, calmMs, settleMs } = limits;
  const { nowMs, workers, eventsPerSecond } = signal;
  const seconds = Math.max(signal.ageSeconds, signal.secondsToDrain ?? Infinity);
  const waits = `the oldest event waits for ${signal.ageSeconds.toFixed(1)} s, ${drainText(signal)}`;
  const kept = (reason: string, more: Partial<AutoscaleMemory>): AutoscaleDecision => ({
    workers,
    reason,
    memory: { ...memory, ...more },
  });
  const changed = (to: number, reason: string, learned: number): AutoscaleDecision => ({
    workers: to,
    reason,
    memory: { calmSinceMs: undefined, changedAtMs: nowMs, eventsPerWorker: learned },
  });
  if (workers < minWorkers) {
    return changed(minWorkers, `${minWorkers} are the fewest`, memory.eventsPerWorker);
  }
  if (workers > maxWorkers) {
    return changed(maxWorkers, `${maxWorkers} are the most`, memory.eventsPerWorker);
  }
  if (seconds > targetSeconds) {
    const eventsPerWorker = Math.max(memory.eventsPerWorker, eventsPerSecond / workers);
    const more = { calmSinceMs: undefined, eventsPerWorker };
    if (nowMs - memory.changedAtMs < settleMs) return kept("a change is under way", more);
    const wanted = Math.ceil(workers * Math.min(seconds / targetSeconds, 2));
    const to = Math.min(maxWorkers, Math.max(wanted, workers + 1));
    if (to === workers) return kept(`${waits}, and ${maxWorkers} workers are the most`, more);
    return changed(to, `${waits} (target ${targetSeconds} s)`, eventsPerWorker);
  }
  if (seconds > targetSeconds * CALM) return kept("within the target", { calmSinceMs: undefined });
  const calmSinceMs = memory.calmSinceMs ?? nowMs;
  const since = Math.max(calmSinceMs, memory.changedAtMs);
  if (workers === minWorkers || nowMs - since < calmMs) return kept("calm", { calmSinceMs });
  const fewer = memory.eventsPerWorker * (workers - 1) * HEADROOM;
  const rate = `${Math.round(eventsPerSecond).toLocaleString("en-US")} events a second`;
  if (memory.eventsPerWorker > 0 && eventsPerSecond > fewer) {
    return kept(`calm, but ${rate} are too many for ${workers - 1}`, { calmSinceMs });
  }
  const calm = `calm for ${Math.round((nowMs - since) / 1000)} s at ${rate}`;
  return changed(workers - 1, calm, memory.eventsPerWorker);
}

function drainText({ secondsToDrain }: AutoscaleSignal): string {
  if (secondsToDrain === null) return "and nothing is done";
  return `all is done in ${secondsToDrain.toFixed(1)} s`;
}

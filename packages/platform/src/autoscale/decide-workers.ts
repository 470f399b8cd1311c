/** The number of workers, as a pure function of the measurements and the memory of earlier decisions. */

/** The bounds of autoscaling. */
export interface AutoscaleLimits {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** Longest wait, and longest time to drain, that add no worker, s. */
  readonly targetSeconds: number;
  /** Length of the calm, without any change, before a worker is removed, ms. */
  readonly calmMs: number;
  /** Time after a change in which no worker is added, because partitions still move, ms. */
  readonly settleMs: number;
}

/** A measurement of the group `attribution`. */
export interface AutoscaleSignal {
  /** A clock that only grows, ms. */
  readonly nowMs: number;
  readonly workers: number;
  /** Age of the oldest waiting entry, s. */
  readonly ageSeconds: number;
  /** Time until the waiting entries are processed at the present rate, s; null for never. */
  readonly secondsToDrain: number | null;
  readonly eventsPerSecond: number;
}

/** The memory that one decision leaves for the next. */
export interface AutoscaleMemory {
  /** Since when it has been calm; undefined while it is not. */
  readonly calmSinceMs: number | undefined;
  readonly changedAtMs: number;
  /** Highest rate of a worker while too much waited, events/s; 0 until that was seen. */
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
  /** The reason in words with figures, also where nothing changes. */
  readonly reason: string;
  readonly memory: AutoscaleMemory;
}

/** It is calm below this part of the target. */
const CALM = 0.25;
/** Part of the highest rate that the remaining workers are expected to take. */
const HEADROOM = 0.7;

/**
 * Adds workers as the Horizontal Pod Autoscaler does: in proportion to how far the signal is above its target, and at most
 * doubling their number. Removes one at a time, after a long calm, and only where the others have had such a rate before.
 * A steady load therefore does not make the number oscillate, although it ends the calm when one worker is too few.
 * The signal is the larger of age and time to drain. Users wait for the age; the time to drain rises earlier.
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

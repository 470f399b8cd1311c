/** The kinds of faults, and the schedule that a seed stands for. */
import { below, createRandom, shuffle, type Random } from "../../sample/random.ts";

/** What each kind does; the text is what `tributary chaos --help` says. */
export const FAULTS = {
  worker_kill: "kill −9 of a worker",
  worker_pause: "SIGSTOP of a worker for longer than its lease, then SIGCONT",
  worker_term: "SIGTERM to a worker, which is started again",
  worker_add: "one more worker",
  worker_remove: "a worker is taken away for good",
  gateway_kill: "kill −9 of the gateway",
  reports_kill: "kill −9 of the reports service",
  redis_kill: "kill −9 of Redis, restarted from its append-only file",
  redis_disk_full: "Redis cannot append to its file for a while",
  connection_reset: "a service's connections to Redis are reset after what it wrote was forwarded",
  half_open:
    "a service hears nothing from Redis for longer than a lease; what it wrote arrives late",
  latency: "a service's connection to Redis is slow for a while",
  client_reset: "clients break their connections after writing a request",
  poison_entry: "an entry that cannot be decoded is put into a stream",
  group_lost: "XGROUP DESTROY of a partition's group, the workers' or the loader's",
  group_ahead: "XGROUP SETID past entries that were not delivered",
  stream_deleted: "a partition's events stream is deleted once all in it is committed",
  partition_flushed: "every key of a partition is deleted, committed or not",
  thread_ended: "a worker's compute threads end while it rebuilds partitions",
  commit_reply_lost: "a worker's connection is reset once its next commit was forwarded",
  heap_pressure: "a burst of texts that were never seen, more than a thread may hold",
  clock_ahead: "a client whose clock is most of a day ahead",
} as const;

export type FaultKind = keyof typeof FAULTS;

/** Kinds that hit passers-by alone, who have a partition of their own where there are several. */
export const NEEDS_PASSERS_BY: ReadonlySet<FaultKind> = new Set([
  "partition_flushed",
  "heap_pressure",
  "clock_ahead",
]);

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** One fault of a schedule. All numbers come from the seed; what they mean is the kind's. */
export interface Fault {
  readonly kind: FaultKind;
  /** When it begins, ms after the load began. */
  readonly atMs: number;
  /** How long it lasts where it lasts, ms. */
  readonly forMs: number;
  /** Chooses among what it can hit, in [0, 1). */
  readonly target: number;
}

/** Workers at the beginning of a run, and the bounds that `worker_add` and `worker_remove` keep. */
export const WORKERS = Object.freeze({ first: 2, fewest: 2, most: 4 });

export interface ScheduleOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly kinds: readonly FaultKind[];
  /** Mean time between the beginnings of two faults, ms. */
  readonly everyMs: number;
  /** Of a worker's partitions, ms. */
  readonly leaseMs: number;
}

/** The load begins and ends without a fault, so that a start is not taken for one. */
const QUIET_MS = 1000;

/**
 * The faults of a seed, in order. Kinds are dealt like cards, a whole deck before the next, so that each comes equally
 * often; faults may overlap.
 */
export function faultSchedule(options: ScheduleOptions): Fault[] {
  const random = createRandom(options.seed);
  const endMs = options.seconds * 1000 - QUIET_MS;
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  let workers: number = WORKERS.first;
  for (let atMs = QUIET_MS; ;) {
    atMs += Math.round(options.everyMs * (0.3 + 1.4 * random()));
    if (atMs >= endMs) return faults;
    if (deck.length === 0) {
      deck = [...options.kinds];
      shuffle(random, deck);
    }
    let kind = deck.pop();
    if (kind === undefined) return faults;
    if (kind === "worker_add" && workers === WORKERS.most) kind = "worker_remove";
    else if (kind === "worker_remove" && workers === WORKERS.fewest) kind = "worker_add";
    if (kind === "worker_add") workers += 1;
    if (kind === "worker_remove") workers -= 1;
    faults.push({ kind, atMs, forMs: durationOf(kind, random, options), target: random() });
  }
}

/**
 * No faults but workers that come and go, to be as many as each step says, for an equal part of the run each.
 * @param steps numbers of workers; the run begins with the first
 */
export function scaleSchedule(steps: readonly number[], seconds: number): Fault[] {
  const faults: Fault[] = [];
  let workers = steps[0] ?? WORKERS.first;
  for (const [i, wanted] of steps.entries()) {
    const atMs = Math.round((seconds * 1000 * i) / steps.length);
    while (workers !== wanted) {
      const kind = workers < wanted ? "worker_add" : "worker_remove";
      workers += kind === "worker_add" ? 1 : -1;
      faults.push({ kind, atMs, forMs: 0, target: 0 });
    }
  }
  return faults;
}

function durationOf(kind: FaultKind, random: Random, { leaseMs }: ScheduleOptions): number {
  switch (kind) {
    case "worker_pause":
    case "half_open":
      return leaseMs + 300 + below(random, 1500);
    case "latency":
      return 500 + below(random, 2000);
    case "redis_disk_full":
      return 500 + below(random, 1500);
    default:
      return 0;
  }
}

/** What can be found, and what a person does about it. */

export interface FindingKind {
  /** `fault`: events wait, are lost, or would be; `warning`: nothing is wrong yet. */
  readonly severity: "fault" | "warning";
  /** What follows from it, in one sentence. */
  readonly meaning: string;
  /** What mends it: a command, or what to do. */
  readonly remedy: string;
  /**
   * Whether a takeover, a restart or a moment's load causes it as well: then only what is there at a second look as well
   * counts.
   */
  readonly passes: boolean;
}

export const FINDING_KINDS = {
  redis_version: {
    severity: "fault",
    meaning: "Commands that the platform needs are missing.",
    remedy: "use Redis 7.0 or later, or Valkey",
    passes: false,
  },
  redis_replica: {
    severity: "fault",
    meaning: "Nothing can be written: events are refused.",
    remedy: "set REDIS_URL to the master",
    passes: true,
  },
  redis_eviction: {
    severity: "fault",
    meaning: "When its memory is full Redis deletes accepted events.",
    remedy: "tributary doctor --fix, or CONFIG SET maxmemory-policy noeviction",
    passes: false,
  },
  redis_append_only: {
    severity: "fault",
    meaning: "When Redis ends, what was accepted since the last snapshot is gone.",
    remedy: "tributary doctor --fix, or CONFIG SET appendonly yes",
    passes: false,
  },
  redis_unknown: {
    severity: "warning",
    meaning: "Whether Redis keeps what was accepted cannot be told.",
    remedy: "allow the user INFO, or look at the settings by hand",
    passes: false,
  },
  redis_writes_fail: {
    severity: "fault",
    meaning:
      "Redis cannot write its file: it refuses commands, or loses what it holds when it ends.",
    remedy: "free space on Redis' disk, then look at its log",
    passes: true,
  },
  redis_memory: {
    severity: "warning",
    meaning: "Redis has used nine tenths of its maxmemory; at all of it events are refused.",
    remedy: "start the loader if it is not running, add workers, or raise maxmemory",
    passes: true,
  },
  clock_differs: {
    severity: "warning",
    meaning: "Ages and watermarks are wrong by the difference.",
    remedy: "synchronize the clocks (NTP) of Redis' machine and this one",
    passes: true,
  },
  platform_lost: {
    severity: "fault",
    meaning:
      "Redis does not know the number of partitions: a process that starts could take another.",
    remedy: "tributary doctor --fix, or start a worker: it writes the platform's key again",
    passes: true,
  },
  group_lost: {
    severity: "fault",
    meaning: "Nobody is given the entries of the stream.",
    remedy:
      "tributary doctor --fix; a running worker, loader or webhooks service makes its group again by itself",
    passes: true,
  },
  group_ahead: {
    severity: "fault",
    meaning: "The group was set past entries that are not done: nobody is given them.",
    remedy: "restart the worker or the reports service: it makes them pending again",
    passes: true,
  },
  stream_deleted: {
    severity: "fault",
    meaning:
      "The committed ID is behind the stream's end: the stream was deleted, with what was not committed of it.",
    remedy: "start a worker: it begins the committed ID anew; send the lost events again",
    passes: true,
  },
  entries_lost: {
    severity: "warning",
    meaning:
      "Entries were trimmed or deleted by others before they were done with; they are counted as lost.",
    remedy: "see the runbook TributaryEntriesLost; find who trims or deletes keys",
    passes: false,
  },
  worker_missing: {
    severity: "fault",
    meaning: "No worker is in the group: events are accepted and wait.",
    remedy: "start a worker: tributary up, or packages/worker/src/main.ts",
    passes: true,
  },
  partition_unowned: {
    severity: "fault",
    meaning: "Workers run and none holds the partition: its events wait.",
    remedy:
      "see the workers' logs for why they do not take it (memory, or an error), or add a worker",
    passes: true,
  },
  owner_unknown: {
    severity: "fault",
    meaning: "The partition's lease is held by a worker that gives no sign of life.",
    remedy: "wait for the lease to run out; where it never does, DEL the lease",
    passes: true,
  },
  worker_draining: {
    severity: "warning",
    meaning: "The worker was drained and still runs: it computes nothing.",
    remedy: "stop it, or tributary groups undrain",
    passes: true,
  },
  lag_old: {
    severity: "fault",
    meaning: "The oldest entry has waited for over a minute.",
    remedy: "see the runbook TributaryLagOld; tributary lag shows whether it grows",
    passes: true,
  },
  loader_missing: {
    severity: "fault",
    meaning: "Nobody loads results into the warehouse: reports stand still and Redis fills.",
    remedy: "start the reports service, or see its log",
    passes: true,
  },
  outbox_old: {
    severity: "fault",
    meaning: "Messages to other partitions wait: identities and orders are not settled.",
    remedy: "see the log of the partition's owner",
    passes: true,
  },
  dead_letters: {
    severity: "warning",
    meaning: "Entries could not be processed, and were dead-lettered.",
    remedy: "tributary dead-letters shows, replays and discards them",
    passes: false,
  },
  books_residue: {
    severity: "fault",
    meaning: "Accepted events are in no account: they are lost or counted twice.",
    remedy: "see the runbook TributaryBooksResidue",
    passes: true,
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingCode = keyof typeof FINDING_KINDS;

/** Something that is not as it should be. */
export interface FindingOf<Code extends string> {
  readonly code: Code;
  /** What it is about: `{p03}:events, group attribution`. Together with the code it names the finding. */
  readonly subject: string;
  /** What is so, with its figures. */
  readonly detail: string;
}

/** Something that is not as it should be in Redis. */
export type Finding = FindingOf<FindingCode>;

/** What of the findings is there at both looks; those that cannot pass count at once. @param kinds by code */
export function lasting<Code extends string>(
  first: readonly FindingOf<Code>[],
  second: readonly FindingOf<Code>[],
  kinds: Readonly<Record<Code, FindingKind>>,
): FindingOf<Code>[] {
  const before = new Set(first.map(nameOf));
  return second.filter((finding) => !kinds[finding.code].passes || before.has(nameOf(finding)));
}

function nameOf({ code, subject }: FindingOf<string>): string {
  return `${code} ${subject}`;
}

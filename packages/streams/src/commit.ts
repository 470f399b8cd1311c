import {
  ATTRIBUTION_GROUP,
  deadLettersKey,
  eventsKey,
  factsKey,
  resultsKey,
  stateKey,
} from "@tributary/protocol";
import { StreamsError } from "./errors.ts";
import type { Lease } from "./lease.ts";
import { traceIdOf } from "./dead-letters.ts";
import type { RedisClient } from "./redis.ts";
import { Script } from "./script.ts";

const commitScript = new Script("commit");

/** An entry that could not be processed. */
export interface DeadLetter {
  readonly id: string;
  readonly reason: string;
  /** Events in it, as its writer says. */
  readonly count: number;
  readonly block: Uint8Array;
}

/** A block to append, and how many rows it holds. */
export interface Block {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** All that one batch changes. */
export interface Commit {
  /** IDs of the batch's entries, in order; the last becomes the partition's position. */
  readonly ids: readonly string[];
  /** Events in those entries, as their writers say: what the books are held against. */
  readonly events: number;
  /** Whether somebody had read the entries before: their events count as computed again. */
  readonly readBefore: boolean;
  readonly facts: Block | undefined;
  readonly results: readonly Block[];
  /** Counters of the books and how much each grows, e.g. `books:default:processed`. */
  readonly books: ReadonlyMap<string, number>;
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * Commits a batch: everything in `commit`, the new position and the acknowledgement, in one script in the partition's
 * slot, or nothing. May be sent again unchanged when its reply was lost: the position tells the script that it is done.
 * @param position the partition's position before the batch
 * @returns the ID of the appended fact block, "" where there was none or the commit had been made before
 * @throws StreamsError `fenced`, `conflict`, `gap`; or the client's error, after which the outcome is unknown
 */
export async function commitBatch(
  client: RedisClient,
  lease: Lease,
  position: string,
  commit: Commit,
): Promise<string> {
  const { partition, epoch } = lease;
  const newPosition = commit.ids.at(-1) ?? position;
  const args: (string | number | Uint8Array)[] = [
    epoch,
    position,
    newPosition,
    ATTRIBUTION_GROUP,
    commit.events,
    commit.readBefore ? commit.events : 0,
    commit.facts?.count ?? 0,
    commit.facts?.bytes ?? "",
    commit.results.length,
  ];
  for (const block of commit.results) args.push(block.count, block.bytes);
  args.push(commit.books.size);
  for (const [name, increment] of commit.books) args.push(name, increment);
  args.push(commit.deadLetters.length);
  for (const { id, reason, count, block } of commit.deadLetters) {
    args.push(id, reason, count, traceIdOf(block), block);
  }
  args.push(commit.ids.length, ...commit.ids);
  const reply = (await commitScript.run(
    client,
    [
      eventsKey(partition),
      factsKey(partition),
      resultsKey(partition),
      deadLettersKey(partition),
      stateKey(partition),
    ],
    args,
  )) as [string, string];
  switch (reply[0]) {
    case "ok":
      return reply[1];
    case "done":
      return "";
    case "fenced":
      throw new StreamsError(
        "fenced",
        `partition ${partition}: epoch ${epoch} is over, it is ${reply[1]} now`,
      );
    case "conflict":
      throw new StreamsError(
        "conflict",
        `partition ${partition}: expected position ${position}, it is ${reply[1]}`,
      );
    default:
      throw new StreamsError(
        "gap",
        `partition ${partition}: ${reply[1]} entries are pending up to ${newPosition}, the batch has ${commit.ids.length}`,
      );
  }
}

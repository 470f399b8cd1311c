import {
  ATTRIBUTION_GROUP,
  deadLettersKey,
  erasuresKey,
  eventsKey,
  factsKey,
  outboxKey,
  resultsKey,
  stateKey,
} from "@tributary/protocol";
import { StreamsError } from "../errors.ts";
import type { Lease } from "../ownership/lease.ts";
import { traceIdOf } from "../feed/dead-letters.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const commitScript = new Script(new URL("./commit.lua", import.meta.url));

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

/** An entry for the events of another partition. */
export interface OutboxMessage {
  readonly partition: number;
  /** Rows in it; they are no events. */
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** What a commit left; the same where it is sent again. */
export interface Committed {
  /** ID of the appended fact block; "" where there was none. */
  readonly factsId: string;
  /** Messages that wait to be relayed, these included. */
  readonly waiting: number;
}

/** All that one batch changes. */
export interface Commit {
  /** IDs of the batch's entries, in order; the last becomes the partition's position. */
  readonly ids: readonly string[];
  /** Events in those entries, as their writers say: what the books are held against. */
  readonly events: number;
  /** When the first event came that led to the batch, ms since 1970: messages carry it on. */
  readonly originMs: number;
  /** Whether somebody had read the entries before: their events count as computed again. */
  readonly readBefore: boolean;
  readonly facts: Block | undefined;
  /** Further fact blocks, that hold no facts but what the partition must remember; none where it is left out. */
  readonly records?: readonly Uint8Array[];
  /** Whether the facts begin with records of erasures; not where it is left out. */
  readonly erases?: boolean;
  /** Messages to other partitions, which wait in the outbox until they are relayed; none where it is left out. */
  readonly messages?: readonly OutboxMessage[];
  readonly results: readonly Block[];
  /** Counters of the books and how much each grows, e.g. `books:default:processed`. */
  readonly books: ReadonlyMap<string, number>;
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * Commits a batch: everything in `commit`, the new position and the acknowledgement, in one script in the partition's
 * slot, or nothing. May be sent again unchanged when its reply was lost: the position tells the script that it is done.
 * @param position the partition's position before the batch
 * @throws StreamsError `fenced`, `conflict`, `gap`; or the client's error, after which the outcome is unknown
 */
export async function commitBatch(
  client: RedisClient,
  lease: Lease,
  position: string,
  commit: Commit,
): Promise<Committed> {
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
  const { records = [], erases = false, messages = [] } = commit;
  args.push(records.length, ...records, commit.originMs, erases ? 1 : 0, messages.length);
  for (const message of messages) args.push(message.partition, message.rows, message.bytes);
  args.push(commit.ids.length, ...commit.ids);
  const reply = (await commitScript.run(
    client,
    [
      eventsKey(partition),
      factsKey(partition),
      resultsKey(partition),
      deadLettersKey(partition),
      stateKey(partition),
      outboxKey(partition),
      erasuresKey(partition),
    ],
    args,
  )) as [string, string, number];
  switch (reply[0]) {
    case "ok":
    case "done":
      return { factsId: reply[1], waiting: reply[2] };
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
    case "passed":
      throw new StreamsError(
        "gap",
        `partition ${partition}: entries before ${reply[1]} are neither committed nor in the batch`,
      );
    default:
      throw new StreamsError(
        "gap",
        `partition ${partition}: ${reply[1]} entries are pending up to ${newPosition}, the batch has ${commit.ids.length}`,
      );
  }
}

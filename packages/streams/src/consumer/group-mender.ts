import type { Logger } from "@tributary/telemetry";
import type { Lease } from "../ownership/lease.ts";
import { mendGroup, skipCommitted } from "../partition/mend-group.ts";
import type { RedisClient } from "../redis/client.ts";
import { compareEntryIds } from "../redis/entry-id.ts";
import type { StreamEntry } from "../redis/read-group.ts";
import type { Committer } from "./committer.ts";
import type { ConsumerOptions } from "./options.ts";
import type { ConsumerStateMachine } from "./state-machine.ts";

/** Holds a partition's consumer group to the committed ID, which is the truth, wherever the group is or stands. */
export class GroupMender {
  readonly #client: RedisClient;
  readonly #lease: Lease;
  readonly #options: ConsumerOptions;
  readonly #machine: ConsumerStateMachine;
  readonly #committer: Committer;
  readonly #logger: Logger;

  constructor(
    client: RedisClient,
    lease: Lease,
    options: ConsumerOptions,
    machine: ConsumerStateMachine,
    committer: Committer,
    logger: Logger,
  ) {
    this.#client = client;
    this.#lease = lease;
    this.#options = options;
    this.#machine = machine;
    this.#committer = committer;
    this.#logger = logger;
  }

  /** Makes sure that the group gives out all that is not committed. @throws StreamsError `fenced`, `conflict` */
  async mend(): Promise<void> {
    const { maxEntries, observer } = this.#options;
    const { partition } = this.#lease;
    const mended = await mendGroup(
      this.#client,
      this.#lease,
      this.#committer.committedId,
      maxEntries,
    );
    if (mended === undefined) {
      // The member says so, for all partitions in one line, and takes the partition anew.
      this.#machine.on("lose");
      return;
    }
    const { made, deleted, passed, committedId } = mended;
    if (deleted) {
      observer?.dataLost("events");
      this.#logger.error(
        "the partition's stream of events was deleted, and with it what was not committed of it",
      );
      this.#committer.continueFrom(committedId);
    }
    if (made) {
      observer?.groupMended(partition, "lost");
      this.#logger.warn(
        { committedId },
        "the partition's consumer group was lost; it was made again from the stream's beginning",
      );
    }
    if (passed > 0) {
      observer?.groupMended(partition, "set_ahead");
      this.#logger.warn(
        { committedId, entries: passed },
        "the partition's consumer group was set past entries that are not committed; they are computed",
      );
    }
  }

  /**
   * Acknowledges committed entries that a group gives out once more, because it was made again or set back.
   * @param entries in the order of their IDs
   * @returns the others
   */
  async withoutCommitted(entries: StreamEntry[]): Promise<StreamEntry[]> {
    const { committedId } = this.#committer;
    const isCommitted = ({ id }: StreamEntry): boolean => compareEntryIds(id, committedId) <= 0;
    const [first] = entries;
    if (first === undefined || !isCommitted(first)) return entries;
    const committed = entries.filter(isCommitted);
    const ids = committed.map(({ id }) => id);
    await skipCommitted(this.#client, this.#lease, committedId, ids);
    return entries.slice(committed.length);
  }
}

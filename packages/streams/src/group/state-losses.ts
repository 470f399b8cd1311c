import { PLATFORM_KEY } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import type { ConsumerObserver } from "../consumer/options.ts";
import type { Lease } from "../ownership/lease.ts";
import { agreeOnPlatform, ensureGroups } from "../platform/platform.ts";
import type { RedisClient } from "../redis/client.ts";

/** Finds that Redis lost what the platform's processes agreed on, or a partition's state (FLUSHALL, an eviction, DEL). */
export class StateLosses {
  readonly #client: RedisClient;
  readonly #partitions: number;
  readonly #observer: ConsumerObserver | undefined;
  readonly #logger: Logger;
  /** The newest epoch that each partition had under this member: they only grow, unless Redis lost them. */
  readonly #epochs = new Map<number, number>();
  /** Partitions whose state was found gone, and not yet said to be. */
  #stateless: number[] = [];

  constructor(
    client: RedisClient,
    partitions: number,
    observer: ConsumerObserver | undefined,
    logger: Logger,
  ) {
    this.#client = client;
    this.#partitions = partitions;
    this.#observer = observer;
    this.#logger = logger;
  }

  /** Writes the settings that all processes share again where they are gone: a process that starts reads them. */
  async ensurePlatform(): Promise<void> {
    if ((await this.#client.exists(PLATFORM_KEY)) === 1) return;
    this.#observer?.dataLost("platform");
    this.#logger.error(
      { partitions: this.#partitions },
      "the platform's own key is gone from Redis (FLUSHALL, an eviction?); it is written again",
    );
    await agreeOnPlatform(this.#client, this.#partitions);
    await ensureGroups(this.#client, this.#partitions);
  }

  /** A partition was taken: an epoch that is not newer than its last one begins a state anew. */
  noteTaken({ partition, epoch }: Lease): void {
    if (Number(epoch) <= (this.#epochs.get(partition) ?? 0)) {
      this.#observer?.dataLost("state");
      this.#stateless.push(partition);
    }
    this.#epochs.set(partition, Number(epoch));
  }

  /** Says what was found since it was called last, in one line. */
  say(): void {
    if (this.#stateless.length === 0) return;
    this.#logger.error(
      { partitions: this.#stateless },
      "the committed state of partitions is gone from Redis (FLUSHALL, an eviction?): their books, journeys and event IDs begin anew",
    );
    this.#stateless = [];
  }
}

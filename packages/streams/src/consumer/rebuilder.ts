import { factPages } from "../fact-log/pages.ts";
import type { PartitionProcessor } from "../partition/processor.ts";
import type { RedisClient } from "../redis/client.ts";
import type { ConsumerOptions } from "./options.ts";
import type { ConsumerStateMachine } from "./state-machine.ts";

/** Failures in a row after which a rebuild is no progress any more. */
const MAX_FAILURES = 3;

/** Makes the processor's memory of a partition exactly what its fact log holds. */
export class Rebuilder {
  readonly #client: RedisClient;
  readonly #partition: number;
  readonly #processor: PartitionProcessor;
  readonly #options: ConsumerOptions;
  readonly #machine: ConsumerStateMachine;

  constructor(
    client: RedisClient,
    partition: number,
    processor: PartitionProcessor,
    options: ConsumerOptions,
    machine: ConsumerStateMachine,
  ) {
    this.#client = client;
    this.#partition = partition;
    this.#processor = processor;
    this.#options = options;
    this.#machine = machine;
  }

  /**
   * Rebuilds, in the state restoring, and leaves it.
   * @param factsFrom ID of the oldest block that can still matter; without it all of the log is read
   * @returns how many blocks that was
   */
  async rebuild(factsFrom?: string): Promise<number> {
    await this.#processor.forget(this.#partition);
    // An empty log is restored as well: the processor then holds the partition, if with nothing in it.
    await this.#processor.restore(this.#partition, [], true);
    let blocks = 0;
    for await (const page of factPages(this.#client, this.#partition, {
      pageBytes: this.#options.restorePageBytes,
      factsFrom,
    })) {
      if (this.#machine.isEnding) break;
      await this.#processor.restore(this.#partition, page, false);
      // Rebuilt again and again for what always fails, a partition gets nowhere.
      if (this.#machine.failures < MAX_FAILURES) this.#machine.progress();
      blocks += page.length;
    }
    this.#machine.on("restored");
    this.#options.admission?.rebuilt(this.#partition);
    return blocks;
  }
}

import { factsKey, resultsKey } from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";
import type { ConsumerObserver } from "./options.ts";

const addedScript = new Script(new URL("../partition/entries-added.lua", import.meta.url));

const STREAMS = ["facts", "results"] as const;

/** Finds that a stream a partition's commits write to was deleted: the count of its entries has fallen. */
export class LossWatch {
  readonly #client: RedisClient;
  readonly #keys: readonly string[];
  readonly #observer: ConsumerObserver | undefined;
  readonly #logger: Logger;
  #added: readonly number[] = [];

  constructor(
    client: RedisClient,
    partition: number,
    observer: ConsumerObserver | undefined,
    logger: Logger,
  ) {
    this.#client = client;
    this.#keys = [factsKey(partition), resultsKey(partition)];
    this.#observer = observer;
    this.#logger = logger;
  }

  /** Looks once; what is lost is said once. */
  async look(): Promise<void> {
    const added = (await addedScript.run(this.#client, this.#keys, [])) as number[];
    for (const [at, stream] of STREAMS.entries()) {
      const before = this.#added[at] ?? 0;
      const now = added[at] ?? 0;
      if (now >= before) continue;
      this.#observer?.dataLost(stream);
      this.#logger.error(
        { entriesBefore: before, entriesNow: now },
        `the partition's stream of ${stream} was deleted, and with it what the warehouse had not loaded${stream === "facts" ? " and the journeys of the next rebuild" : ""}`,
      );
    }
    this.#added = added;
  }
}

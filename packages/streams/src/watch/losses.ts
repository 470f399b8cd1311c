import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const lossesScript = new Script(new URL("./losses.lua", import.meta.url), "streams");

/** Entries of a stream that are gone before the group that needs them was done with them. */
export interface Loss {
  readonly partition: number;
  readonly stream: "events" | "facts" | "results";
  readonly group: typeof ATTRIBUTION_GROUP | typeof WAREHOUSE_GROUP;
  /** How many are known to be gone; 0 where that is not known. */
  readonly entries: number;
  /** `trimmed`: from the stream, by others. `stream_deleted`: with all of the stream. */
  readonly cause: "trimmed" | "stream_deleted";
}

interface StreamCount {
  readonly waiting: number;
  readonly added: number;
}

const STREAMS = [
  ["events", ATTRIBUTION_GROUP, eventsKey],
  ["facts", WAREHOUSE_GROUP, factsKey],
  ["results", WAREHOUSE_GROUP, resultsKey],
] as const;

/**
 * Finds entries that are gone before anybody was done with them, each once, and writes down how many, so that they do not count as
 * waiting for ever. It remembers how many waited when it last looked: of a stream that was deleted Redis knows nothing.
 */
export class LossFinder {
  readonly #client: RedisClient;
  readonly #partitions: number;
  readonly #before = new Map<string, StreamCount>();

  constructor(client: RedisClient, partitions: number) {
    this.#client = client;
    this.#partitions = partitions;
  }

  /** What is gone since it last looked, or since it was last written down. @throws the client's error */
  async find(): Promise<Loss[]> {
    const found: Promise<Loss | undefined>[] = [];
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      for (const [stream, group, keyOf] of STREAMS) {
        found.push(this.#find(partition, stream, group, keyOf(partition)));
      }
    }
    return (await Promise.all(found)).filter((loss) => loss !== undefined);
  }

  async #find(
    partition: number,
    stream: Loss["stream"],
    group: Loss["group"],
    key: string,
  ): Promise<Loss | undefined> {
    const [gone, renewed, waiting, added] = (await lossesScript.run(
      this.#client,
      [key, stateKey(partition)],
      [group, stream],
    )) as [number, number, number, number];
    const before = this.#before.get(key);
    this.#before.set(key, { waiting, added });
    // Entries ever appended never become fewer.
    if (renewed === 1 || (before !== undefined && added < before.added)) {
      const entries = before?.waiting ?? 0;
      return { partition, stream, group, entries, cause: "stream_deleted" };
    }
    if (gone === 0) return undefined;
    return { partition, stream, group, entries: gone, cause: "trimmed" };
  }
}

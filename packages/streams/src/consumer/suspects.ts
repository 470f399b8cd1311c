import type { Logger } from "@tributary/telemetry";
import type { Lease } from "../ownership/lease.ts";
import type { RedisClient } from "../redis/client.ts";
import type { StreamEntry } from "../redis/read-group.ts";
import { countTryAlone, takeTryBack } from "../partition/try-alone.ts";

export interface SuspectsOptions {
  readonly suspectDeliveries: number;
  readonly maxOwnersEnded: number;
}

/** Crashes of the processor on the same entry, alone in its batch, after which it becomes a dead letter. */
const MAX_CRASHES = 2;

/**
 * Finds the entry that a crash is the fault of. After a crash the entries of its batch are taken one by one; an entry
 * that was delivered again and again is tried alone, and Redis remembers that it is: it may end the whole process.
 */
export class Suspects {
  readonly #client: RedisClient;
  readonly #lease: Lease;
  readonly #options: SuspectsOptions;
  readonly #logger: Logger;
  /** Delivered so often that each is tried alone. */
  readonly #ids = new Set<string>();
  /** While above 0, entries are taken one by one: one of the next ones crashed the processor. */
  #singly = 0;
  #crashedId = "";
  #crashes = 0;
  /** The entry whose try is in Redis and whose commit is not; "" where there is none. */
  #triedAlone = "";

  constructor(client: RedisClient, lease: Lease, options: SuspectsOptions, logger: Logger) {
    this.#client = client;
    this.#lease = lease;
    this.#options = options;
    this.#logger = logger;
  }

  /** Entries are claimed anew: their deliveries say which are suspects. */
  clear(): void {
    this.#ids.clear();
  }

  /** Takes note of how often claimed entries were delivered. */
  noteDeliveries(deliveries: ReadonlyMap<string, number>): void {
    for (const [id, count] of deliveries) {
      if (count >= this.#options.suspectDeliveries) this.#ids.add(id);
    }
  }

  /** Whether an entry is tried in a batch of its own. */
  mustBeAlone(id: string): boolean {
    return this.#singly > 0 || this.#ids.has(id);
  }

  /** A batch was taken. */
  noteBatch(): void {
    if (this.#singly > 0) this.#singly -= 1;
  }

  /** A batch was too much for the processor: its entries are taken one by one, and none of them is at fault. */
  trySingly(entries: readonly StreamEntry[]): void {
    this.#singly = Math.max(this.#singly, entries.length > 1 ? entries.length + 1 : 1);
  }

  /** The processor crashed on a batch: its entries are taken one by one until the one at fault has shown itself. */
  noteCrash(entries: readonly StreamEntry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    if (entries.length > 1) {
      this.#singly = entries.length + 1;
      return;
    }
    this.#singly = 1;
    this.#crashes = first.id === this.#crashedId ? this.#crashes + 1 : 1;
    this.#crashedId = first.id;
  }

  /** Entries were committed. */
  noteCommit(ids: readonly string[]): void {
    this.#triedAlone = "";
    for (const id of ids) this.#ids.delete(id);
  }

  /**
   * Why an entry that is alone in its batch is not tried again; undefined where it is tried.
   * @throws StreamsError `fenced`
   */
  async giveUpReason({ id }: StreamEntry): Promise<string | undefined> {
    if (id === this.#crashedId && this.#crashes >= MAX_CRASHES) {
      return "crashed the compute thread twice";
    }
    if (!this.#ids.has(id)) return undefined;
    const owners = await countTryAlone(this.#client, this.#lease, id);
    this.#triedAlone = id;
    const { maxOwnersEnded } = this.#options;
    if (owners <= maxOwnersEnded) return undefined;
    return `ended the worker ${maxOwnersEnded} times while it was tried alone`;
  }

  /** The loop ends and the process does not: the entry in hand is not at fault. */
  async takeTryBack(): Promise<void> {
    if (this.#triedAlone === "") return;
    try {
      await takeTryBack(this.#client, this.#lease, this.#triedAlone);
    } catch (error) {
      this.#logger.warn({ err: error }, "a try of an entry alone stays counted");
    }
  }
}

import {
  erasuresKey,
  FACTS_FIELD,
  factsKey,
  type ErasedKeys,
  erasedKeys,
  type LoggedErasure,
  readErasures,
  type RemainingRows,
  rewrittenFactsKey,
  stateKey,
  withoutErased,
} from "@tributary/protocol";
import type { Logger } from "@tributary/telemetry";
import { compareEntryIds, entryTimeMs, sortableId } from "../redis/entry-id.ts";
import { StreamsError } from "../errors.ts";
import { entriesOfPage, readFactPage } from "./pages.ts";
import { firstUnacknowledged } from "./first-unacknowledged.ts";
import type { Lease } from "../ownership/lease.ts";
import type { StreamEntry } from "../redis/read-group.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";
import { NODE_ENTRIES, nodeAround } from "../redis/stream-nodes.ts";

const rewriteScript = new Script(new URL("./rewrite.lua", import.meta.url));

/** Erasures whose rows are still in a fact log. */
export interface WaitingErasures {
  /** Commits with erasures. */
  readonly count: number;
  /** When the first of them was made, ms since 1970; Infinity where there is none. */
  readonly oldestMs: number;
}

/** Commits with erasures that one reading of the log serves. */
const MAX_AT_ONCE = 16;
/** About how much of the log is read between two batches, bytes. */
const PAGE_BYTES = 1 << 18;
const FIRST_PAGE_ENTRIES = 16;
/** How often the eraser looks whether a waiting erasure can begin, ms. */
const LOOK_EVERY_MS = 1000;
/** After a failure, ms. */
const BACKOFF_MS = 5000;
const NONE: WaitingErasures = { count: 0, oldestMs: Infinity };

/** A fact block with erasures. */
interface ErasingBlock {
  /** ID of its entry in the list of erasures. */
  readonly entry: string;
  readonly factsId: string;
  readonly erasures: readonly LoggedErasure[];
}

/** One reading of the log. */
interface Walk {
  readonly blocks: readonly ErasingBlock[];
  /** For each block, the keys that it and the later ones erased. */
  readonly keys: readonly ErasedKeys[];
  /** ID of the first entry that some group has not acknowledged. */
  readonly unacknowledged: string;
  from: string;
  entries: number;
  /** The last entries before the next page, which may share a node of the stream with its first ones. */
  tail: readonly StreamEntry[];
  rewritten: number;
  readonly startedAtMs: number;
}

/**
 * Purges erased people's rows from a partition's fact log, a page at a time between two batches. Redis lists the erasure from its
 * commit until the log before it was read to its end, so a new owner begins the purge anew, with less left to do. The purge waits
 * until every group has acknowledged the block of the erasure, and with it every block that the purge rewrites.
 */
export class FactEraser {
  readonly #client: RedisClient;
  readonly #lease: Lease;
  readonly #afterMs: number;
  readonly #logger: Logger;
  #waiting = NONE;
  /** When the eraser looks for erasures next, ms since 1970. */
  #lookAtMs = 0;
  #walk: Walk | undefined;

  /** @param afterMs wait between an erasure and its purge, ms */
  constructor(client: RedisClient, lease: Lease, afterMs: number, logger: Logger) {
    this.#client = client;
    this.#lease = lease;
    this.#afterMs = afterMs;
    this.#logger = logger;
  }

  /** The erasures seen at the last look. */
  get waiting(): WaitingErasures {
    return this.#waiting;
  }

  /** Whether a reading of the log is under way. */
  get isAtWork(): boolean {
    return this.#walk !== undefined;
  }

  /** Makes the next step look for erasures. */
  wake(): void {
    this.#lookAtMs = 0;
  }

  /** Reads one page. A reading that fails is begun anew later. @throws StreamsError `fenced` */
  async step(): Promise<void> {
    try {
      if (this.#walk !== undefined) await this.#readPage(this.#walk);
      else if (Date.now() >= this.#lookAtMs) await this.#look();
    } catch (error) {
      if (error instanceof StreamsError) throw error;
      // The purge touches no events: the partition continues.
      this.#walk = undefined;
      this.#lookAtMs = Date.now() + BACKOFF_MS;
      this.#logger.warn({ err: error }, "removing erased rows from the fact log failed, retrying");
    }
  }

  async #look(): Promise<void> {
    const { partition } = this.#lease;
    const key = erasuresKey(partition);
    const entries = await this.#client.xrange(key, "-", "+", "COUNT", MAX_AT_ONCE);
    const first = entries[0];
    if (first === undefined) {
      this.#waiting = NONE;
      this.#lookAtMs = Infinity;
      return;
    }
    const oldestMs = entryTimeMs(first[0]);
    this.#waiting = { count: await this.#client.xlen(key), oldestMs };
    const now = Date.now();
    this.#lookAtMs = Math.max(now + LOOK_EVERY_MS, oldestMs + this.#afterMs);
    if (oldestMs + this.#afterMs > now) return;
    const unacknowledged = await firstUnacknowledged(this.#client, partition);
    if (unacknowledged === undefined) return;
    const blocks: ErasingBlock[] = [];
    for (const [entry, fields] of entries) {
      if (entryTimeMs(entry) + this.#afterMs > now) break;
      const factsId = fields[fields.indexOf(FACTS_FIELD) + 1] ?? "";
      if (compareEntryIds(factsId, unacknowledged) >= 0) break;
      blocks.push({ entry, factsId, erasures: await this.#erasuresOf(factsId) });
    }
    if (blocks.length === 0) return;
    const startedAtMs = performance.now();
    const keys = blocks.map((_, i) =>
      erasedKeys(blocks.slice(i).flatMap(({ erasures }) => erasures)),
    );
    this.#walk = {
      blocks,
      keys,
      unacknowledged,
      from: "-",
      tail: [],
      entries: FIRST_PAGE_ENTRIES,
      rewritten: 0,
      startedAtMs,
    };
  }

  /** The erasures of a block; none where the block and all before it were trimmed. */
  async #erasuresOf(factsId: string): Promise<readonly LoggedErasure[]> {
    const [found] = await readFactPage(this.#client, this.#lease.partition, factsId, 1);
    return found?.id === factsId ? readErasures(found.block) : [];
  }

  async #readPage(walk: Walk): Promise<void> {
    const { partition } = this.#lease;
    const page = await readFactPage(this.#client, partition, walk.from, walk.entries);
    await this.#rewrite(walk, page);
    const last = page.at(-1);
    const end = walk.blocks.at(-1)?.factsId ?? "";
    if (last !== undefined && compareEntryIds(last.id, end) < 0) {
      walk.from = `(${last.id}`;
      walk.entries = entriesOfPage(page, PAGE_BYTES);
      return;
    }
    await this.#client.xdel(erasuresKey(partition), ...walk.blocks.map(({ entry }) => entry));
    this.#walk = undefined;
    this.#lookAtMs = 0;
    const { blocks, rewritten, startedAtMs } = walk;
    const elapsedMs = Math.round(performance.now() - startedAtMs);
    const of = { erasures: blocks.length, rewritten, elapsedMs };
    this.#logger.info(of, "erased rows removed from the fact log");
  }

  async #rewrite(walk: Walk, page: readonly StreamEntry[]): Promise<void> {
    const left = new Map<string, RemainingRows>();
    for (const { id, block } of page) {
      const later = walk.blocks.findIndex(({ factsId }) => compareEntryIds(id, factsId) < 0);
      const keys = walk.keys[later];
      // Erasures do not erase their own block, nor later ones.
      if (keys === undefined) break;
      const remaining = withoutErased(block, keys);
      if (remaining !== undefined) left.set(id, remaining);
    }
    walk.rewritten += left.size;
    const entries = [...walk.tail, ...page];
    const last = entries.length - 1;
    walk.tail = entries.slice(nodeAround(entries, last)[0]).flatMap((entry) => {
      const { facts: count, block } = left.get(entry.id) ?? {
        facts: entry.count,
        block: entry.block,
      };
      return block === undefined ? [] : [{ ...entry, count, block }];
    });
    if (left.size === 0) return;
    entries.push(...(await this.#behind(entries[last]?.id ?? "")));
    const args: (string | number | Uint8Array)[] = [];
    for (const { id, count, block } of withNeighbours(entries, left)) {
      if (compareEntryIds(id, walk.unacknowledged) >= 0) break;
      const { facts, block: rows } = left.get(id) ?? { facts: count, block };
      args.push(id, sortableId(id), facts, rows ?? "");
    }
    await this.#move(args);
  }

  async #behind(id: string): Promise<readonly StreamEntry[]> {
    return readFactPage(this.#client, this.#lease.partition, `(${id}`, NODE_ENTRIES);
  }

  async #move(args: readonly (string | number | Uint8Array)[]): Promise<void> {
    const { partition, epoch } = this.#lease;
    const keys = [factsKey(partition), rewrittenFactsKey(partition), stateKey(partition)];
    const reply = (await rewriteScript.run(this.#client, keys, [epoch, ...args])) as string[];
    if (reply[0] === "ok") return;
    throw new StreamsError(
      "fenced",
      `partition ${partition}: epoch ${epoch} is over, it is ${reply[1]} now`,
    );
  }
}

/** The blocks that lose rows, and those that may share a node of the stream with them. */
function withNeighbours(
  entries: readonly StreamEntry[],
  left: ReadonlyMap<string, RemainingRows>,
): StreamEntry[] {
  const found: StreamEntry[] = [];
  let done = 0;
  for (const [at, { id }] of entries.entries()) {
    if (!left.has(id)) continue;
    const [from, to] = nodeAround(entries, at);
    found.push(...entries.slice(Math.max(done, from), to));
    done = Math.max(done, to);
  }
  return found;
}

import {
  BLOCK_FIELD,
  COUNT_FIELD,
  ORIGIN_FIELD,
  POSITION_FIELD,
  ROWS_FIELD,
} from "@tributary/protocol";
import type { RedisClient } from "./client.ts";

const NO_BYTES = new Uint8Array(0);

/** A stream entry that holds a block. */
export interface StreamEntry {
  readonly id: string;
  /** Events in the block, as its writer says. */
  readonly count: number;
  /** Rows that are no events: of a message from another partition. */
  readonly rows?: number;
  /** Of a message: when the first event came that led to it, ms since 1970. */
  readonly originMs?: number;
  /** Of a fact or result block: ID of the last entry of the events that it was made from. */
  readonly position?: string;
  /** The block's bytes: a view of the socket's buffer, which other replies share. */
  readonly block: Uint8Array;
}

export interface ReadGroupOptions {
  readonly group: string;
  readonly consumer: string;
  /** Most entries per stream. */
  readonly count: number;
  /** Wait this long for an entry, ms; undefined does not wait. */
  readonly blockMs?: number;
}

/**
 * XREADGROUP over streams of one slot.
 * @param streams keys and where to read from: `>` for new entries, an ID for this consumer's own pending ones after it
 * @returns entries by key; a key without any is absent
 */
export async function readGroup(
  client: RedisClient,
  streams: readonly (readonly [key: string, from: string])[],
  options: ReadGroupOptions,
): Promise<Map<string, StreamEntry[]>> {
  const args: (string | number)[] = [
    "GROUP",
    options.group,
    options.consumer,
    "COUNT",
    options.count,
  ];
  if (options.blockMs !== undefined) args.push("BLOCK", options.blockMs);
  args.push("STREAMS", ...streams.map(([key]) => key), ...streams.map(([, from]) => from));
  const reply = await client.callBuffer("XREADGROUP", args);
  const found = new Map<string, StreamEntry[]>();
  for (const [key, entries] of (reply ?? []) as [Buffer, unknown[]][]) {
    if (entries.length > 0) found.set(key.toString("latin1"), parseEntries(entries));
  }
  return found;
}

/** Claims the entries that any consumer of the group has read and not acknowledged: XAUTOCLAIM, all pages. */
export async function* claimPending(
  client: RedisClient,
  key: string,
  options: ReadGroupOptions & { readonly minIdleMs: number },
): AsyncGenerator<StreamEntry[]> {
  let cursor = "0-0";
  do {
    const reply = (await client.callBuffer("XAUTOCLAIM", [
      key,
      options.group,
      options.consumer,
      options.minIdleMs,
      cursor,
      "COUNT",
      options.count,
    ])) as [Buffer, unknown[]];
    cursor = reply[0].toString("latin1");
    const entries = parseEntries(reply[1]);
    if (entries.length > 0) yield entries;
  } while (cursor !== "0-0");
}

/** How often each entry was delivered, to any consumer, by its ID; entries acknowledged meanwhile are absent. */
export async function deliveriesOf(
  client: RedisClient,
  key: string,
  group: string,
  entries: readonly StreamEntry[],
): Promise<Map<string, number>> {
  const [first, last] = [entries[0]?.id, entries.at(-1)?.id];
  if (first === undefined || last === undefined) return new Map();
  const pending = await client.xpending(key, group, first, last, entries.length);
  return new Map(
    (pending as [string, string, number, number][]).map(([id, , , deliveries]) => [id, deliveries]),
  );
}

/** Parses a reply's entries; those without a block (trimmed, foreign) come with an empty one. */
export function parseEntries(entries: readonly unknown[]): StreamEntry[] {
  const parsed: StreamEntry[] = [];
  for (const entry of entries) {
    if (!Array.isArray(entry)) continue;
    const [id, fields] = entry as [Buffer, Buffer[] | null];
    let block: Uint8Array = NO_BYTES;
    let count = 0;
    let more: Pick<StreamEntry, "rows" | "originMs" | "position"> = {};
    for (let i = 0; i + 1 < (fields?.length ?? 0); i += 2) {
      const name = fields?.[i]?.toString("latin1");
      const value = fields?.[i + 1];
      if (value === undefined) continue;
      if (name === BLOCK_FIELD) block = value;
      else if (name === COUNT_FIELD) count = wholeNumber(value.toString("latin1"));
      else if (name === ROWS_FIELD) {
        more = { ...more, rows: wholeNumber(value.toString("latin1")) };
      } else if (name === ORIGIN_FIELD) {
        more = { ...more, originMs: wholeNumber(value.toString("latin1")) };
      } else if (name === POSITION_FIELD) more = { ...more, position: value.toString("latin1") };
    }
    parsed.push({ id: id.toString("latin1"), count, block, ...more });
  }
  return parsed;
}

/** A count as its writer says; 0 where it says none. */
function wholeNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

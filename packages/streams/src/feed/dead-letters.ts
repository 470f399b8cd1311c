import {
  booksField,
  deadLettersKey,
  eventsKey,
  factsKey,
  ProtocolError,
  readEntryTraces,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { decodeTraceContext, TRACE_CONTEXT_BYTES } from "@tributary/telemetry";
import { tenantsOfEntry } from "../watch/books.ts";
import { entryTimeMs } from "../redis/entry-id.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";
import type { PolledEntry } from "./polled-entry.ts";

const deadLetterScript = new Script(new URL("./dead-letter.lua", import.meta.url), "acknowledged");
const replayScript = new Script(new URL("./replay.lua", import.meta.url), "streams");
const discardScript = new Script(new URL("./discard.lua", import.meta.url));

/** Consumer that a block is given to until its group takes it over. */
export const REPLAY_CONSUMER = "dead-letters";
/** The idle time that makes the group take the entry over at its next look, ms. */
const REPLAY_IDLE_MS = 86_400_000;

export const DEAD_LETTER_STREAMS = ["events", "facts", "results"] as const;
export type DeadLetterStream = (typeof DEAD_LETTER_STREAMS)[number];

/** A dead letter, as it is kept. */
export interface KeptDeadLetter {
  readonly partition: number;
  /** In the partition's dead letters. */
  readonly id: string;
  /** Where it came from. */
  readonly stream: DeadLetterStream;
  /** Its ID there. */
  readonly entry: string;
  /** The consumer group that could not read it, and that facts or results are given back to; "" for events. */
  readonly group: string;
  readonly reason: string;
  /** When it came, ms since 1970. */
  readonly firstMs: number;
  /** When it became a dead letter, ms since 1970. */
  readonly lastMs: number;
  /** How often it was delivered, also to owners that died of it. */
  readonly attempts: number;
  /** Events, facts or results in it, as its writer said. */
  readonly count: number;
  /** Hex ID of the trace of the first sampled request in it; "" where none was sampled or it cannot be read. */
  readonly traceId: string;
  readonly block: Uint8Array;
}

/** The oldest dead letters of a partition. @param after ID to go on after; undefined begins */
export async function readDeadLetters(
  client: RedisClient,
  partition: number,
  limit: number,
  after?: string,
): Promise<KeptDeadLetter[]> {
  const from = after === undefined ? "-" : `(${after}`;
  const key = deadLettersKey(partition);
  const entries = await client.xrangeBuffer(key, from, "+", "COUNT", limit);
  return entries.map(([id, fields]) => parse(partition, id.toString("latin1"), fields));
}

/** One dead letter, or undefined where it is gone. */
export async function findDeadLetter(
  client: RedisClient,
  partition: number,
  id: string,
): Promise<KeptDeadLetter | undefined> {
  const [found] = await client.xrangeBuffer(deadLettersKey(partition), id, id);
  return found === undefined ? undefined : parse(partition, id, found[1]);
}

/**
 * Puts a dead letter back where it came from, and removes it, in one step. Events are appended to the partition's events
 * as a new entry, which is accepted again; a fact or result block that is still in its stream is given to its
 * group again, a trimmed one is appended.
 * @returns the ID of the entry in its stream, or undefined where the dead letter was gone
 */
export async function replayDeadLetter(
  client: RedisClient,
  letter: KeptDeadLetter,
): Promise<string | undefined> {
  const { partition, id, stream, group } = letter;
  const books = booksOf(letter, "replayed");
  const reply = await replayScript.run(
    client,
    [deadLettersKey(partition), streamKey(partition, stream), stateKey(partition)],
    [id, group, REPLAY_CONSUMER, REPLAY_IDLE_MS, books.size, ...[...books].flat()],
  );
  return reply === "" ? undefined : String(reply);
}

/** Deletes a dead letter. @returns false where it was gone */
export async function discardDeadLetter(
  client: RedisClient,
  letter: KeptDeadLetter,
): Promise<boolean> {
  const books = booksOf(letter, "discarded");
  const reply = await discardScript.run(
    client,
    [deadLettersKey(letter.partition), stateKey(letter.partition)],
    [letter.id, books.size, ...[...books].flat()],
  );
  return reply === 1;
}

/**
 * Makes a dead letter of an entry that a group cannot read, and acknowledges it, in one step. May be called again.
 * @param runs entries that are all acknowledged now, as ReadRuns gives them
 * @returns the ID up to which the group has acknowledged everything
 */
export async function deadLetter(
  client: RedisClient,
  entry: PolledEntry,
  reason: string,
  group: string,
  runs: readonly (string | number)[],
): Promise<string> {
  const { partition, stream, id, count, block } = entry;
  const acknowledged = await deadLetterScript.run(
    client,
    [streamKey(partition, stream), deadLettersKey(partition), stateKey(partition)],
    [group, id, stream, reason, count, traceIdOf(block), block, ...runs],
  );
  return String(acknowledged);
}

/** Hex ID of the first trace that an entry or fact block names; "" where there is none, or it cannot be read. */
export function traceIdOf(block: Uint8Array): string {
  try {
    const traces = readEntryTraces(block);
    return decodeTraceContext(traces.subarray(0, TRACE_CONTEXT_BYTES))?.traceId ?? "";
  } catch (error) {
    if (error instanceof ProtocolError) return "";
    throw error;
  }
}

/** Only events are in the books: facts and results were made of events that are in them already. */
function booksOf(
  { stream, block, count }: KeptDeadLetter,
  account: "replayed" | "discarded",
): Map<string, number> {
  if (stream !== "events") return new Map();
  return new Map(
    [...tenantsOfEntry(block, count)]
      .filter(([, events]) => events > 0)
      .map(([tenant, events]) => [booksField(tenant, account), events]),
  );
}

function streamKey(partition: number, stream: DeadLetterStream): string {
  switch (stream) {
    case "events":
      return eventsKey(partition);
    case "facts":
      return factsKey(partition);
    case "results":
      return resultsKey(partition);
  }
}

function parse(partition: number, id: string, fields: readonly Buffer[]): KeptDeadLetter {
  const values = new Map<string, Buffer>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    values.set(String(fields[i]), fields[i + 1] as Buffer);
  }
  const text = (name: string): string => values.get(name)?.toString("utf8") ?? "";
  const stream = DEAD_LETTER_STREAMS.find((name) => name === text("stream")) ?? "events";
  return {
    partition,
    id,
    stream,
    entry: text("entry"),
    // Earlier versions knew one group, and wrote no name.
    group: stream === "events" ? "" : text("group") || WAREHOUSE_GROUP,
    reason: text("reason"),
    firstMs: Number(text("first")),
    lastMs: Number(text("last")) || entryTimeMs(id),
    attempts: Number(text("attempts")),
    count: Number(text("n")),
    traceId: text("trace"),
    block: new Uint8Array(values.get("b") ?? []),
  };
}

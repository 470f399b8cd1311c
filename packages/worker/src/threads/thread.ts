/** A compute thread: holds the journeys of its partitions and computes their batches. Pure computation, no I/O. */
import { BadEntryError, PartitionState, Vocabulary } from "@tributary/attribution";
import { move, transferableSymbol, valueSymbol, workerData } from "piscina";
import { collectGarbage } from "./collect-garbage.ts";
import type { StateSize, ThreadData, ThreadReply, ThreadTask } from "./messages.ts";
import { unpackBlocks } from "./packed-blocks.ts";

const data = workerData as ThreadData;

/** A partition's journeys, and the strings that they share with the other partitions'. */
interface Held {
  readonly state: PartitionState;
  readonly vocabulary: Vocabulary;
}

const partitions = new Map<number, Held>();
const channels = new Map(
  [...data.journeys.tenants].flatMap(([name, { channels: own }]) =>
    own === undefined ? [] : [[name, own] as const],
  ),
);
/** There are at most two, see {@link vocabularyToRestore}. */
const MAX_VOCABULARIES = 2;
let vocabulary = newVocabulary();

export function run(task: ThreadTask): ThreadReply {
  switch (task.kind) {
    case "process":
      return processBatch(task);
    case "restore":
      return restore(task);
    case "forget":
      partitions.delete(task.partition);
      return { status: "done" };
    case "collect":
      collectGarbage();
      return { status: "done" };
  }
}

function restore(task: Extract<ThreadTask, { kind: "restore" }>): ThreadReply {
  const { partition, blocks, arrivedMs, continues } = task;
  let state = partitions.get(partition)?.state;
  // The thread that began is gone, and with it the blocks before these.
  if (state === undefined && continues === true) return { status: "unknownPartition" };
  if (state === undefined) {
    vocabulary = vocabularyToRestore();
    const place = { partition, partitions: data.partitions };
    state = new PartitionState(data.journeys, data.seed + partition, vocabulary, place);
    partitions.set(partition, { state, vocabulary });
  }
  const restored = unpackBlocks(blocks).map((block, i) => state.restore(block, arrivedMs[i]));
  return { status: "restored", blocks: restored, state: sizeOf(state) };
}

function newVocabulary(): Vocabulary {
  return new Vocabulary(data.seed, channels, data.vocabularyBytes / MAX_VOCABULARIES);
}

/**
 * The vocabulary for a partition that is rebuilt: another one where the current one is half full, as some of its strings are
 * of facts long trimmed; but only once no partition has the one before.
 */
function vocabularyToRestore(): Vocabulary {
  const isHalfFull = vocabulary.byteLength * 2 * MAX_VOCABULARIES > data.vocabularyBytes;
  const isOnlyOne = [...partitions.values()].every((held) => held.vocabulary === vocabulary);
  return isHalfFull && isOnlyOne ? newVocabulary() : vocabulary;
}

function processBatch(task: Extract<ThreadTask, { kind: "process" }>): ThreadReply {
  const state = partitions.get(task.partition)?.state;
  if (state === undefined) return { status: "unknownPartition" };
  const startedAtMs = Date.now();
  try {
    const outcome = state.process(unpackBlocks(task.entries), task.trace, task.arrivedMs);
    const reply: ThreadReply = {
      status: "processed",
      ...outcome,
      startedAtMs,
      finishedAtMs: Date.now(),
      state: sizeOf(state),
    };
    const blocks = [...outcome.results, ...outcome.messages].map(({ bytes }) => bytes);
    return moved(reply, [outcome.facts, ...outcome.records, ...blocks]);
  } catch (error) {
    // A batch computed in part leaves the state void: it is rebuilt from the fact log.
    partitions.delete(task.partition);
    if (error instanceof BadEntryError) {
      return { status: "badEntry", index: error.index, reason: error.message };
    }
    throw error;
  }
}

/** Hands the blocks over instead of copying them: each owns its buffer (see MsgpackWriter). */
function moved(reply: ThreadReply, blocks: readonly (Uint8Array | undefined)[]): ThreadReply {
  const buffers = blocks.flatMap((block) => (block === undefined ? [] : [block.buffer]));
  // Piscina unwraps it on the other side, where the reply comes out; its types do not say so.
  const wrapped: unknown = move({ [transferableSymbol]: buffers, [valueSymbol]: reply });
  return wrapped as ThreadReply;
}

function sizeOf(state: PartitionState): StateSize {
  const vocabularies = new Set([...partitions.values()].map((held) => held.vocabulary));
  return {
    facts: state.factCount,
    users: state.userCount,
    bytes: state.byteLength,
    vocabularyBytes: [...vocabularies].reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

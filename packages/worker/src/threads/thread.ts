/** A compute thread: holds the journeys of its partitions and computes their batches. Pure computation, no I/O. */
import { BadEntryError, PartitionState, Vocabulary } from "@tributary/attribution";
import { move, transferableSymbol, valueSymbol, workerData } from "piscina";
import { collectGarbage } from "./collect-garbage.ts";
import type { StateSize, ThreadData, ThreadReply, ThreadTask } from "./messages.ts";
import { unpackBlocks } from "./packed-blocks.ts";

type RestoreTask = Extract<ThreadTask, { readonly kind: "restore" }>;

const data = workerData as ThreadData;
const states = new Map<number, PartitionState>();
/** Shared by the partitions until it holds this many strings and combinations, some of facts long forgotten. */
const MAX_SHARED = 200_000;
const channels = new Map(
  [...data.journeys.tenants].flatMap(([name, { channels: own }]) =>
    own === undefined ? [] : [[name, own] as const],
  ),
);
let vocabulary = new Vocabulary(data.seed, channels);

export function run(task: ThreadTask): ThreadReply {
  switch (task.kind) {
    case "process":
      return processBatch(task);
    case "restore":
      return restore(task);
    case "forget":
      states.delete(task.partition);
      return { status: "done" };
    case "collect":
      collectGarbage();
      return { status: "done" };
  }
}

function restore({ partition, blocks, continues }: RestoreTask): ThreadReply {
  let state = states.get(partition);
  // The thread that began is gone, and with it the blocks before these.
  if (state === undefined && continues === true) return { status: "unknownPartition" };
  if (state === undefined) {
    if (vocabulary.size > MAX_SHARED) vocabulary = new Vocabulary(data.seed, channels);
    const place = { partition, partitions: data.partitions };
    state = new PartitionState(data.journeys, data.seed + partition, vocabulary, place);
    states.set(partition, state);
  }
  const restored = unpackBlocks(blocks).map((block) => state.restore(block));
  return { status: "restored", blocks: restored, state: sizeOf(state) };
}

function processBatch(task: Extract<ThreadTask, { kind: "process" }>): ThreadReply {
  const state = states.get(task.partition);
  if (state === undefined) return { status: "unknownPartition" };
  const startedAtMs = Date.now();
  try {
    const outcome = state.process(unpackBlocks(task.entries), task.trace, task.positionMs);
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
    states.delete(task.partition);
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
  return { facts: state.factCount, users: state.userCount, bytes: state.byteLength };
}

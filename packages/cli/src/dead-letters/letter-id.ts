/** The ID of a dead letter on the command line: `p03/1700000000000-0`, one over all partitions. */
import { MAX_PARTITIONS } from "@tributary/protocol";
import type { KeptDeadLetter } from "@tributary/streams";
import { InvalidArgumentError } from "commander";

export interface LetterId {
  readonly partition: number;
  readonly id: string;
}

export function formatLetterId({ partition, id }: LetterId): string {
  return `p${String(partition).padStart(2, "0")}/${id}`;
}

/** Parses one ID, for commander. */
export function parseLetterId(text: string): LetterId {
  const [, partition = "", id = ""] = /^p(\d{2,4})\/(\d{1,15}-\d{1,15})$/.exec(text) ?? [];
  if (id === "" || Number(partition) >= MAX_PARTITIONS) {
    throw new InvalidArgumentError(
      "Expected an ID as list prints it, such as p03/1700000000000-0.",
    );
  }
  return { partition: Number(partition), id };
}

/** Parses several IDs, for commander. */
export function addLetterId(text: string, before: readonly LetterId[] | undefined): LetterId[] {
  return [...(before ?? []), parseLetterId(text)];
}

/** A dead letter as JSON prints it, without its block. */
export function plainLetter(letter: KeptDeadLetter) {
  const { partition, stream, entry, reason, attempts, count, traceId, block } = letter;
  return {
    id: formatLetterId(letter),
    partition,
    stream,
    entry,
    reason,
    firstTime: new Date(letter.firstMs).toISOString(),
    lastTime: new Date(letter.lastMs).toISOString(),
    attempts,
    events: count,
    traceId: traceId === "" ? null : traceId,
    bytes: block.length,
  };
}

export type PlainLetter = ReturnType<typeof plainLetter>;

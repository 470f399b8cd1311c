import { ATTRIBUTION_GROUP, eventsKey, stateKey } from "@tributary/protocol";
import { StreamsError } from "../errors.ts";
import type { Lease } from "../ownership/lease.ts";
import type { RedisClient } from "../redis/client.ts";
import { Script } from "../redis/script.ts";

const mendScript = new Script(new URL("./mend-group.lua", import.meta.url));
const skipScript = new Script(new URL("./skip-committed.lua", import.meta.url));

/** The workers' group of a partition, as it was found. */
export interface MendedGroup {
  /** ID of the last entry that was committed; the first ID of all where the stream was deleted. */
  readonly committedId: string;
  /** The group was not there, and was made from the stream's beginning. */
  readonly made: boolean;
  /** The stream was deleted with what was not committed of it. */
  readonly deleted: boolean;
  /** Entries behind the committed ID that the group was set past; they are pending now. */
  readonly passed: number;
}

/**
 * Makes sure that a partition's group gives out every entry behind the committed ID, be it as a new or as a pending one.
 * @param committedId as the owner knows it
 * @param pageEntries entries that are looked at in one step
 * @returns undefined where the partition's state is gone, and the lease with it
 * @throws StreamsError `fenced`, or `conflict` where Redis has another committed ID
 */
export async function mendGroup(
  client: RedisClient,
  lease: Lease,
  committedId: string,
  pageEntries: number,
): Promise<MendedGroup | undefined> {
  const { partition, worker, epoch } = lease;
  let mended: MendedGroup | undefined;
  let after = "";
  do {
    const reply = (await mendScript.run(
      client,
      [eventsKey(partition), stateKey(partition)],
      [epoch, ATTRIBUTION_GROUP, worker, pageEntries, after],
    )) as [string, string, number, number, number, string];
    const [status, found, made, deletes, passed, last] = reply;
    if (status === "gone") return undefined;
    if (status === "fenced") throw fenced(lease, found);
    const deleted = deletes === 1 || mended?.deleted === true;
    if (!deleted && found !== committedId) throw conflict(lease, committedId, found);
    mended = {
      committedId: found,
      made: made === 1 || mended?.made === true,
      deleted,
      passed: passed + (mended?.passed ?? 0),
    };
    after = last;
  } while (after !== "");
  return mended;
}

/**
 * Acknowledges entries up to the committed ID: a group that was made again, or set back, gave them out once more.
 * @throws StreamsError `fenced`, or `conflict` where Redis does not have the commit (any more)
 */
export async function skipCommitted(
  client: RedisClient,
  lease: Lease,
  committedId: string,
  ids: readonly string[],
): Promise<void> {
  const { partition, epoch } = lease;
  const [status, found] = (await skipScript.run(
    client,
    [eventsKey(partition), stateKey(partition)],
    [epoch, committedId, ATTRIBUTION_GROUP, ...ids],
  )) as [string, string];
  if (status === "fenced") throw fenced(lease, found);
  if (status === "conflict") throw conflict(lease, committedId, found);
}

function fenced({ partition, epoch }: Lease, found: string): StreamsError {
  return new StreamsError(
    "fenced",
    `partition ${partition}: epoch ${epoch} is over, it is ${found} now`,
  );
}

function conflict({ partition }: Lease, expected: string, found: string): StreamsError {
  return new StreamsError(
    "conflict",
    `partition ${partition}: expected committed ID ${expected}, it is ${found}`,
  );
}

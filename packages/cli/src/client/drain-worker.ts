import { pause } from "@tributary/platform/client";
import { ATTRIBUTION_GROUP } from "@tributary/protocol";
import { drainMember, readGroups } from "@tributary/streams";
import { CliError } from "../errors.ts";
import type { PlatformRedis } from "./platform-redis.ts";

/** Longest hand-over that the command waits for, ms. */
const DRAIN_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * Lets a worker hand over all its partitions, and waits until other workers own them.
 * @returns how long that took, s
 * @throws CliError `refused` for an unknown worker and for the last one, `timeout` where a partition is not taken over
 */
export async function drainWorker(
  { client, partitions }: PlatformRedis,
  worker: string,
): Promise<number> {
  const { attribution } = await readGroups(client, partitions);
  const owned = attribution.leases.filter(({ owner }) => owner === worker);
  const startedAtMs = performance.now();
  const answer = await drainMember(client, ATTRIBUTION_GROUP, worker);
  if (answer === "unknown") {
    const names = attribution.members.map(({ name }) => name).join(", ");
    throw new CliError(
      "refused",
      `there is no worker ${worker}; ${names === "" ? "none is live" : `live are ${names}`}`,
    );
  }
  if (answer === "last") {
    throw new CliError(
      "refused",
      `${worker} is the last worker that owns partitions, and nobody would process them: start another worker first`,
    );
  }
  for (;;) {
    const { leases } = (await readGroups(client, partitions)).attribution;
    const elapsedMs = performance.now() - startedAtMs;
    const open = owned.filter(({ partition }) => {
      const owner = leases[partition]?.owner ?? null;
      return owner === null || owner === worker;
    });
    if (open.length === 0) return elapsedMs / 1000;
    if (elapsedMs > DRAIN_TIMEOUT_MS) {
      const list = open.map(({ partition }) => partition).join(", ");
      throw new CliError(
        "timeout",
        `${worker} is draining, but nobody took over partition ${list} within ${DRAIN_TIMEOUT_MS / 1000} s; \`tributary groups\` shows the leases`,
      );
    }
    await pause(POLL_MS);
  }
}

import { pause } from "@tributary/platform/client";
import { ATTRIBUTION_GROUP } from "@tributary/protocol";
import { drainMember, readGroups } from "@tributary/streams";
import { CliError } from "../errors.ts";
import type { PlatformRedis } from "./platform-redis.ts";

/** How long a hand-over may take before the command says that it is not through, ms. */
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
      `no live worker is called ${worker}; ${names === "" ? "there is none" : `there are ${names}`}`,
    );
  }
  if (answer === "last") {
    throw new CliError(
      "refused",
      `${worker} is the last worker that owns partitions: nobody would process them; start another one first`,
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
        `${worker} drains, but partition ${list} was not taken over within ${DRAIN_TIMEOUT_MS / 1000} s; \`tributary groups\` shows where it stands`,
      );
    }
    await pause(POLL_MS);
  }
}

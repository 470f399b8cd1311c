import { MAX_PARTITIONS } from "@tributary/protocol";
import { Cluster } from "ioredis";
import {
  agreeOnPlatform,
  ensureGroups,
  ensureWebhooksGroup,
  readPartitionCount,
  webhooksGroupSince,
} from "../platform/platform.ts";
import type { RedisClient } from "../redis/client.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { countPartitions } from "./stream-findings.ts";

/** What was done about findings of a kind, in one sentence. */
export interface Mended {
  readonly code: FindingCode;
  readonly done: string;
}

/**
 * Mends what can be mended from outside without a risk: lost groups, the platform's lost key, Redis' settings. A running
 * service may mend the same at the same time: each step does nothing where it is done already.
 * @throws the client's error where Redis refuses a step
 */
export async function mendFindings(
  client: RedisClient,
  findings: readonly Finding[],
): Promise<Mended[]> {
  const codes = new Set(findings.map(({ code }) => code));
  const mended: Mended[] = [];
  if (codes.has("redis_eviction")) {
    await configure(client, "maxmemory-policy", "noeviction");
    mended.push({ code: "redis_eviction", done: "maxmemory-policy is noeviction now" });
  }
  if (codes.has("redis_append_only")) {
    await configure(client, "appendonly", "yes");
    mended.push({ code: "redis_append_only", done: "appendonly is yes now" });
  }
  const agreed = await readPartitionCount(client);
  const partitions = agreed ?? (await countPartitions(client, MAX_PARTITIONS));
  if (codes.has("platform_lost")) {
    await agreeOnPlatform(client, partitions);
    mended.push({ code: "platform_lost", done: `the key says ${partitions} partitions again` });
  }
  if (codes.has("group_lost")) {
    const made = await ensureGroups(client, partitions);
    const hasWebhooks = (await webhooksGroupSince(client)) !== undefined;
    const ofWebhooks = hasWebhooks ? await ensureWebhooksGroup(client, partitions) : [];
    const count = made.length + ofWebhooks.length;
    mended.push({
      code: "group_lost",
      done: `${count} groups are there again, behind what was committed or acknowledged`,
    });
  }
  return mended;
}

/** Sets a setting on every master, and has it written to its file where it has one. */
async function configure(client: RedisClient, name: string, value: string): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  for (const node of nodes) {
    await node.config("SET", name, value);
    try {
      await node.config("REWRITE");
    } catch (error) {
      // One without a file: whoever starts it gives it its settings.
      if (!(error instanceof Error) || !error.message.includes("without a config file"))
        throw error;
    }
  }
}

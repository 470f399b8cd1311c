import { MAX_PARTITIONS } from "@tributary/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import { readPartitionCount, webhooksGroupSince } from "../platform/platform.ts";
import type { RedisClient } from "../redis/client.ts";
import type { RedisRules } from "../redis/server-settings.ts";
import { readLag } from "../watch/lag.ts";
import { readBooks } from "../watch/books.ts";
import { type Finding, FINDING_KINDS, lasting } from "./finding.ts";
import { ownerFindings } from "./owner-findings.ts";
import { serverFindings } from "./server-findings.ts";
import { countPartitions, streamFindings } from "./stream-findings.ts";

export interface DiagnoseOptions {
  readonly rules: RedisRules;
  /**
   * Time between the two looks, ms: what a takeover or a restart causes must be over by then. 0 looks once, and takes
   * everything that it finds.
   */
  readonly betweenMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks for everything in Redis that is not as it should be: settings, streams, groups, committed IDs, leases, books. What
 * passes by itself is looked at twice.
 * @throws the client's errors where Redis does not answer, and the signal's reason
 */
export async function diagnose(
  client: RedisClient,
  { rules, betweenMs, signal }: DiagnoseOptions,
): Promise<Finding[]> {
  const first = await look(client, rules);
  if (betweenMs === 0 || first.length === 0) return first;
  await sleep(betweenMs, undefined, { signal });
  return lasting(first, await look(client, rules), FINDING_KINDS);
}

async function look(client: RedisClient, rules: RedisRules): Promise<Finding[]> {
  const server = await serverFindings(client, rules);
  const agreed = await readPartitionCount(client);
  const partitions = agreed ?? (await countPartitions(client, MAX_PARTITIONS));
  // Redis without a platform is as it should be.
  if (partitions === 0) return server;
  const lost: Finding[] =
    agreed !== undefined
      ? []
      : [
          {
            code: "platform_lost",
            subject: "the platform's key",
            detail: `it is not there, and there are keys of ${partitions} partitions`,
          },
        ];
  const webhooks = (await webhooksGroupSince(client)) !== undefined;
  const lags = await readLag(client, partitions);
  const found = await Promise.all([
    streamFindings(client, lags, webhooks),
    ownerFindings(client, lags),
    bookFindings(client, partitions),
  ]);
  return [...server, ...lost, ...found.flat()];
}

async function bookFindings(client: RedisClient, partitions: number): Promise<Finding[]> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const books = await readBooks(client, all);
  const residues = [
    ...books.tenants.map(({ partition, tenant, residue }) => {
      return { subject: `partition ${partition}, tenant ${tenant}`, residue };
    }),
    ...books.partitions.map(({ partition, residue }) => {
      return { subject: `partition ${partition}`, residue };
    }),
  ];
  return residues
    .filter(({ residue }) => residue !== 0)
    .map(({ subject, residue }): Finding => {
      return { code: "books_residue", subject, detail: `residue ${residue}` };
    });
}

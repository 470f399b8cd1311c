import { ATTRIBUTION_GROUP, WAREHOUSE_GROUP } from "@tributary/protocol";
import { readGroups } from "../group/groups.ts";
import { readMembership } from "../ownership/lease.ts";
import type { RedisClient } from "../redis/client.ts";
import type { PartitionLag } from "../watch/lag.ts";
import type { Finding } from "./finding.ts";

/** A loader that lives takes entries within this time, and is seen then. */
const MOST_WAIT_SECONDS = 20;
const MOST_UNSEEN_SECONDS = 60;

/** What is not as it should be with workers, leases and the loader. */
export async function ownerFindings(
  client: RedisClient,
  lags: readonly PartitionLag[],
): Promise<Finding[]> {
  const [{ members, draining }, { attribution, warehouse }] = await Promise.all([
    readMembership(client, ATTRIBUTION_GROUP),
    readGroups(client, lags.length),
  ]);
  const findings: Finding[] = [];
  if (members.length === 0) {
    findings.push({
      code: "worker_missing",
      subject: `group ${ATTRIBUTION_GROUP}`,
      detail: "it has no member",
    });
  }
  for (const { partition, owner, leftMs } of attribution.leases) {
    const subject = `partition ${partition}`;
    if (owner === null) {
      if (members.length === 0) continue;
      findings.push({
        code: "partition_unowned",
        subject,
        detail: `${members.length} workers run, and none has its lease`,
      });
    } else if (!members.includes(owner)) {
      const left = `its lease runs out in ${(leftMs / 1000).toFixed(1)} s`;
      findings.push({ code: "owner_unknown", subject, detail: `${owner} holds it; ${left}` });
    }
  }
  for (const worker of draining.filter((name) => members.includes(name))) {
    findings.push({ code: "worker_draining", subject: worker, detail: "it owns no partition" });
  }
  // A Redis before 7.2 sees only consumers that it gives entries to: one that has nothing to do tells nothing.
  const waiting = lags.filter(({ warehouse: of }) => of.oldestAgeSeconds > MOST_WAIT_SECONDS);
  const seen = warehouse.members.map(({ secondsSinceSeen }) => secondsSinceSeen);
  if (waiting.length > 0 && !seen.some((seconds) => seconds <= MOST_UNSEEN_SECONDS)) {
    const last = seen.length === 0 ? "never" : `${Math.round(Math.min(...seen))} s ago`;
    findings.push({
      code: "loader_missing",
      subject: `group ${WAREHOUSE_GROUP}`,
      detail: `entries wait in ${waiting.length} partitions; a loader was last seen ${last}`,
    });
  }
  return findings;
}

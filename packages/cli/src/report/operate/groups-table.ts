import type { Groups } from "@tributary/streams";
import { safeText } from "../../terminal/terminal.ts";
import { duration } from "../../terminal/figures.ts";
import { plainTable } from "../table.ts";

/** Workers and their leases, and the warehouse's loaders. */
export function renderGroups({ attribution, warehouse }: Groups): string {
  const parts = [`Group attribution: workers\n${workers(attribution)}`];
  if (attribution.members.length > 0 && attribution.members.every(({ draining }) => draining)) {
    parts.push(
      "Every worker is draining, so no events are processed. `tributary groups undrain WORKER` ends it.",
    );
  }
  parts.push(`Leases\n${leases(attribution)}`, `Group warehouse: loaders\n${loaders(warehouse)}`);
  return parts.join("\n\n");
}

function workers({ members }: Groups["attribution"]): string {
  if (members.length === 0) return "none is live";
  const rows = members.map(({ name, draining, partitions, secondsSinceCommit }) => [
    safeText(name),
    draining ? "draining" : "live",
    String(partitions.length),
    ago(secondsSinceCommit),
  ]);
  return plainTable(["worker", "state", "partitions", "last commit"], 2, rows, false);
}

function leases({ leases: all }: Groups["attribution"]): string {
  const rows = all.map(({ partition, owner, epoch, leftMs, secondsSinceCommit }) => [
    String(partition),
    owner === null ? "–" : safeText(owner),
    String(epoch),
    owner === null ? "–" : duration(leftMs / 1000),
    ago(secondsSinceCommit),
  ]);
  return plainTable(["partition", "owner", "epoch", "left", "last commit"], 2, rows, false);
}

function loaders({ members }: Groups["warehouse"]): string {
  if (members.length === 0) return "none has read yet";
  const rows = members.map(({ name, secondsSinceSeen, pending, secondsSinceLoad }) => [
    safeText(name),
    String(pending),
    ago(secondsSinceSeen),
    ago(secondsSinceLoad),
  ]);
  return plainTable(["loader", "pending", "last seen", "last load"], 1, rows, false);
}

function ago(seconds: number | null): string {
  return seconds === null ? "–" : `${duration(seconds)} ago`;
}

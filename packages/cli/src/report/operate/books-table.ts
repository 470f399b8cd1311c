import type { Accounts, Books } from "@tributary/streams";
import { safeText } from "../../terminal/terminal.ts";
import { figure } from "../../terminal/figures.ts";
import { plainTable } from "../table.ts";

/** The books as `--json` prints them. */
export interface BooksReport extends Books {
  readonly total: Accounts;
  /** Whether every residue is 0. */
  readonly closed: boolean;
}

/** The books as a table, a row for each tenant and partition and their sum; then the partitions with a residue. */
export function renderBooks({ tenants, partitions, total, closed }: BooksReport): string {
  if (tenants.length === 0 && closed) return "No events yet.";
  const bounds = Object.keys(total.dropped).toSorted();
  const head = [
    "tenant",
    "partition",
    "accepted",
    "duplicate",
    "processed",
    "of them\nduplicate orders",
    "dead-lettered",
    ...bounds.map((bound) => `dropped:\n${safeText(bound)}`),
    "residue",
  ];
  const cells = (of: Accounts): string[] => [
    figure(of.accepted),
    figure(of.duplicate),
    figure(of.processed),
    figure(of.duplicateOrders),
    figure(of.deadLettered),
    ...bounds.map((bound) => figure(of.dropped[bound] ?? 0)),
    figure(of.residue),
  ];
  const rows = tenants
    .toSorted((a, b) => compare(a.tenant, b.tenant) || a.partition - b.partition)
    .map((of) => [safeText(of.tenant), String(of.partition), ...cells(of)]);
  const lines = partitions
    .filter(({ residue }) => residue !== 0)
    .map(
      ({ partition, events, residue }) =>
        `partition ${partition}: its entries held ${figure(events)} events, of which the books do not account for ${figure(residue)}`,
    );
  if (total.replayed + total.discarded > 0) {
    lines.push(
      `of the dead-lettered, ${figure(total.replayed)} were replayed (and accepted again), ${figure(total.discarded)} discarded`,
    );
  }
  lines.push(closed ? "The books close." : "The books do not close.");
  return `${plainTable(head, 2, [...rows, ["total", "", ...cells(total)]])}\n\n${lines.join("\n")}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

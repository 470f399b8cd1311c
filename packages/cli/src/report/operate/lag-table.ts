import type { Lag, TenantLag } from "@tributary/reports/answers";
import { safeText } from "../../terminal/terminal.ts";
import { duration, figure } from "../../terminal/figures.ts";
import { plainTable } from "../table.ts";

const HEAD = [
  "partition",
  "owner",
  "epoch",
  "undelivered",
  "pending",
  "oldest",
  "entries/s",
  "events/s",
  "drained in",
  "to load",
  "oldest\nto load",
];
const TEXT_COLUMNS = 2;
const DROPPED = "dropped_";

type Figures = Lag["total"]["attribution"];

/**
 * The lag as a table, a row for each partition and their sum; then the dropped events and the dead letters. Of a tenant's part the
 * ages and the books.
 */
export function renderLag(lag: Lag | TenantLag): string {
  if ("tenant" in lag) return renderTenantLag(lag as TenantLag);
  const { partitions, total } = lag;
  const rows = partitions.map((of) => [
    String(of.partition),
    of.owner === null ? "–" : safeText(of.owner),
    String(of.epoch),
    ...figures(of, of.warehouse),
  ]);
  const sum = ["total", "", "", ...figures(total.attribution, total.warehouse)];
  return [plainTable(HEAD, TEXT_COLUMNS, [...rows, sum]), notes(lag).join("\n")].join("\n\n");
}

function renderTenantLag({ tenant, total, books, booksResidue }: TenantLag): string {
  const ages = Object.entries(total).map(([group, { oldestAgeSeconds }]) => [
    safeText(group),
    duration(oldestAgeSeconds),
  ]);
  const accounts = Object.entries(books).map(([account, events]) => [
    safeText(account),
    figure(events),
  ]);
  const residue = booksResidue === 0 ? [] : [["residue", figure(booksResidue)]];
  return [
    plainTable(["group", "oldest waiting"], 1, ages),
    plainTable([`account of ${safeText(tenant)}`, "events"], 1, [...accounts, ...residue]),
  ].join("\n\n");
}

function figures(of: Figures, warehouse: Lag["total"]["warehouse"]): string[] {
  return [
    figure(of.undelivered),
    figure(of.pending),
    waits(of) ? duration(of.oldestAgeSeconds) : "–",
    figure(of.entriesPerSecond),
    figure(of.eventsPerSecond),
    waits(of) ? drainText(of.secondsToDrain) : "–",
    figure(warehouse.undelivered + warehouse.pending),
    waits(warehouse) ? duration(warehouse.oldestAgeSeconds) : "–",
  ];
}

function waits(of: Pick<Figures, "undelivered" | "pending">): boolean {
  return of.undelivered + of.pending > 0;
}

function drainText(seconds: number | null): string {
  return seconds === null ? "never" : duration(seconds);
}

function notes({ partitions, outbox, webhooks, books, booksResidue, deadLetters }: Lag): string[] {
  const lines: string[] = [];
  const unowned = partitions.filter(({ owner }) => owner === null);
  if (unowned.length > 0) {
    const list = unowned.map(({ partition }) => partition).join(", ");
    lines.push(`no worker owns partition ${list}; \`tributary groups\` shows the workers`);
  }
  const stranded = partitions.filter((of) => of.stranded || of.warehouse.stranded);
  if (stranded.length > 0) {
    const list = stranded.map(({ partition }) => partition).join(", ");
    lines.push(
      `entries that no consumer is given in partition ${list}: a consumer group is lost, or was set past them`,
    );
  }
  const dropped = Object.entries(books).filter(([name, n]) => name.startsWith(DROPPED) && n > 0);
  const bounds = dropped.map(
    ([name, n]) => `${figure(n)} events by ${safeText(name.slice(DROPPED.length))}`,
  );
  lines.push(`dropped: ${bounds.length === 0 ? "nothing" : bounds.join(", ")}`);
  if (outbox.entries > 0) {
    const since = duration(outbox.oldestAgeSeconds);
    lines.push(
      `waiting for other partitions: ${figure(outbox.entries)} messages, the oldest for ${since}`,
    );
  }
  if (webhooks !== null && waits(webhooks)) {
    const results = figure(webhooks.undelivered + webhooks.pending);
    const since = duration(webhooks.oldestAgeSeconds);
    lines.push(
      `waiting for webhooks: ${results} entries, the oldest for ${since}; \`tributary webhooks list\` shows the deliveries`,
    );
  }
  const age = duration(deadLetters.oldestAgeSeconds);
  lines.push(
    deadLetters.count === 0
      ? "dead letters: none"
      : `dead letters: ${figure(deadLetters.count)}, the oldest for ${age}; \`tributary dead-letters list\` shows them`,
  );
  if (booksResidue > 0) {
    lines.push(`the books do not close: ${figure(booksResidue)} events; see \`tributary books\``);
  }
  return lines;
}

/** Commits a file over HTTP: checks all of it, then sends or stores what is new. */
import type { Buffer } from "node:buffer";
import {
  checkDays,
  checkEvents,
  type EventBatch,
  type EventLimits,
  headerDigest,
  type Kind,
  KnownRows,
  type Mapping,
  newEvents,
  noCounts,
  pieces,
  type RefusedRow,
  RejectText,
  type Table,
} from "@tributary/imports";
import { ReportsError } from "../errors.ts";
import { type GatewayTarget, sendPacked } from "./gateway-sender.ts";
import type { ImportedCounts, ImportLedger } from "./import-ledger.ts";

/** Rows of a file over HTTP. */
const MAX_ROWS = 1_000_000;
const BATCH_EVENTS = 2000;
/** Refused rows that an answer names; the reject text has all. */
const MAX_NAMED = 100;

/** A file between its look and its commit. */
export interface KeptFile {
  readonly tenant: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly kind: Kind | undefined;
}

/** How a file is committed. */
export interface CommitRequest {
  /** Undefined takes the proposal. */
  readonly mapping: unknown;
  /** Answers to what the proposal leaves open, by key. */
  readonly answers: ReadonlyMap<string, string>;
  readonly partly: boolean;
  readonly writeKey: string | undefined;
}

export interface Committed extends ImportedCounts {
  /** Undefined where nothing was sent. */
  readonly importId: string | undefined;
  readonly refusals: readonly Omit<RefusedRow, "cells">[];
  /** A reject file's text; empty where no row was refused. */
  readonly rejects: string;
}

/** What a commit works with. */
export interface Commit {
  readonly ledger: ImportLedger;
  /** Undefined where the service knows no gateway. */
  readonly gatewayUrl: string | undefined;
  readonly limits: EventLimits;
  readonly file: KeptFile;
  readonly table: Table;
  readonly mapping: Mapping;
  readonly request: CommitRequest;
  /** ms since 1970. */
  readonly now: number;
}

/** @throws ReportsError `unavailable`, `write_key_refused` */
export async function commitEvents(commit: Commit): Promise<Committed> {
  const { gatewayUrl: url, limits, ledger, file, table, mapping, request, now } = commit;
  if (url === undefined) {
    throw new ReportsError(
      "unavailable",
      "the service knows no gateway to send events through: TRIBUTARY_GATEWAY_URL names it",
    );
  }
  const { tenant } = file;
  const counts = noCounts();
  const refused: RefusedRow[] = [];
  const batches: EventBatch[] = [];
  for await (const batch of checkEvents(table, mapping, counts, {
    limits,
    batchEvents: BATCH_EVENTS,
    maxRows: MAX_ROWS,
    refused: (row) => refused.push(row),
    differing: () => undefined,
  })) {
    batches.push(batch);
  }
  const known = await KnownRows.find(
    batches.map(({ rows }) => rows),
    async (rows) => ledger.find(tenant, rows),
  );
  const checked = {
    rows: counts.rows,
    newRows: counts.events - known.present,
    presentRows: known.present + counts.repeated,
    differingRows: known.differing + counts.differing,
    refusedRows: refused.length,
  };
  const isSent = checked.newRows > 0 && (refused.length === 0 || request.partly);
  if (!isSent) return committed(undefined, checked, refused, table);
  const { importId } = await ledger.begin(tenant, begunOf(file, table, mapping), now);
  const target = { url, writeKey: request.writeKey, tenant };
  const late = await sendAll(ledger, batches, known, target, importId);
  refused.push(...late);
  const sent = {
    ...checked,
    newRows: checked.newRows - late.length,
    refusedRows: refused.length,
  };
  await ledger.end(tenant, importId, sent, Date.now());
  return committed(importId, sent, refused, table);
}

/** One batch after the other: the service has reports to answer. */
async function sendAll(
  ledger: ImportLedger,
  batches: readonly EventBatch[],
  known: KnownRows,
  target: GatewayTarget,
  importId: string,
): Promise<RefusedRow[]> {
  const late: RefusedRow[] = [];
  let accepted: Buffer[] = [];
  let from = 0;
  try {
    for (const batch of batches) {
      const part = newEvents(batch, known, from);
      from += batch.lines.length;
      if (part === undefined) continue;
      const refusals = await sendPacked(part.body, target);
      for (const { index, field, reason } of refusals) {
        const line = part.lines[index] ?? 0;
        late.push({ line, cells: [], column: "", value: "", reason: `${field}: ${reason}` });
      }
      if (refusals.length === 0) accepted.push(part.rows);
    }
  } finally {
    // Also after a failure: what was accepted need not be sent again.
    for (const rows of pieces(accepted)) await ledger.record(target.tenant, importId, rows);
    accepted = [];
  }
  return late;
}

export async function commitDays({
  ledger,
  file,
  table,
  mapping,
  request,
  now,
}: Commit): Promise<Committed> {
  const kind = mapping.kind === "rates" ? "rates" : "spend";
  const { rows, refused } = await checkDays(kind, table, mapping);
  const counts = {
    rows: rows.length + refused.length,
    newRows: rows.length,
    presentRows: 0,
    differingRows: 0,
    refusedRows: refused.length,
  };
  const isSent = rows.length > 0 && (refused.length === 0 || request.partly);
  if (!isSent) return committed(undefined, counts, refused, table);
  const { tenant } = file;
  const { importId } = await ledger.begin(tenant, begunOf(file, table, mapping), now);
  await ledger.storeDays(tenant, importId, { rows });
  const ended = await ledger.end(tenant, importId, counts, Date.now());
  return committed(importId, ended, refused, table);
}

function begunOf(file: KeptFile, table: Table, mapping: Mapping) {
  return {
    kind: mapping.kind,
    file: file.name,
    header: headerDigest(table.columns),
    mapping: JSON.stringify(mapping),
  };
}

function committed(
  importId: string | undefined,
  { rows, newRows, presentRows, differingRows, refusedRows }: ImportedCounts,
  refused: readonly RefusedRow[],
  table: Table,
): Committed {
  const text = new RejectText(table.columns);
  return {
    importId,
    rows,
    newRows,
    presentRows,
    differingRows,
    refusedRows,
    refusals: refused.slice(0, MAX_NAMED).map(({ cells: _, ...row }) => row),
    rejects:
      refused.length === 0 ? "" : text.header + refused.map((row) => text.line(row)).join(""),
  };
}

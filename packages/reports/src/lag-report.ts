import { ATTRIBUTION_GROUP, WAREHOUSE_GROUP, WEBHOOKS_GROUP } from "@tributary/protocol";
import {
  type Accounts,
  type LagMeter,
  type MeasuredLag,
  readBooks,
  readGroupLag,
  type RedisClient,
  type StreamLag,
  totalBooks,
  webhooksGroupSince,
} from "@tributary/streams";
import type { LagReport, LagTotal, TenantLagReport } from "./http/parts.ts";

/** The whole platform's lag, books and dead letters. */
export async function lagReport(
  client: RedisClient,
  partitions: number,
  meter: LagMeter,
): Promise<LagReport> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const [lag, books, webhooks] = await Promise.all([
    meter.measure(),
    readBooks(client, all),
    webhooksLag(client, partitions),
  ]);
  const { warehouse, ...attribution } = lag.total;
  const residues = [...books.tenants, ...books.partitions].map(({ residue }) => Math.abs(residue));
  return {
    partitions: lag.partitions,
    total: {
      [ATTRIBUTION_GROUP]: withEntries(attribution),
      [WAREHOUSE_GROUP]: withEntries(warehouse),
    },
    outbox: {
      entries: lag.partitions.reduce((sum, { outbox }) => sum + outbox.entries, 0),
      oldestAgeSeconds: Math.max(0, ...lag.partitions.map(({ outbox }) => outbox.oldestAgeSeconds)),
    },
    webhooks,
    books: plainBooks(totalBooks(books.tenants)),
    booksResidue: residues.reduce((sum, residue) => sum + residue, 0),
    deadLetters: {
      count: lag.partitions.reduce((sum, of) => sum + of.deadLetters, 0),
      oldestAgeSeconds: Math.max(0, ...lag.partitions.map((of) => of.oldestDeadLetterAgeSeconds)),
    },
  };
}

function plainBooks({ accepted, duplicate, processed, deadLettered, dropped }: Accounts) {
  const bounds = Object.entries(dropped).map(([bound, count]) => [`dropped_${bound}`, count]);
  return {
    accepted,
    duplicate,
    processed,
    dead_lettered: deadLettered,
    ...Object.fromEntries(bounds),
  };
}

/** A tenant's part of {@link lagReport}. */
export async function tenantLagReport(
  client: RedisClient,
  partitions: number,
  meter: LagMeter,
  tenant: string,
): Promise<TenantLagReport> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const [{ total }, { tenants }] = await Promise.all([meter.measure(), readBooks(client, all)]);
  const own = tenants.filter((of) => of.tenant === tenant);
  const { warehouse, ...attribution } = total;
  const ageOf = ({ oldestAgeSeconds }: MeasuredLag) => ({ oldestAgeSeconds });
  return {
    tenant,
    total: { [ATTRIBUTION_GROUP]: ageOf(attribution), [WAREHOUSE_GROUP]: ageOf(warehouse) },
    books: plainBooks(totalBooks(own)),
    booksResidue: own.reduce((sum, { residue }) => sum + Math.abs(residue), 0),
  };
}

async function webhooksLag(client: RedisClient, partitions: number): Promise<StreamLag | null> {
  if ((await webhooksGroupSince(client)) === undefined) return null;
  return readGroupLag(client, WEBHOOKS_GROUP, "results", partitions);
}

function withEntries<T extends MeasuredLag>(lag: T): T & LagTotal {
  return { entries: lag.undelivered + lag.pending, ...lag };
}

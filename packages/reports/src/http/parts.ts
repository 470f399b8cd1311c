import type { StoredKeys } from "@tributary/service";
import type {
  ClientUse,
  MeasuredLag,
  MeasuredPartition,
  OutboxLag,
  StreamLag,
} from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import type { WarehouseEngine } from "@tributary/warehouse";
import type { AttributionAnswers } from "../attribution/attribution-answers.ts";
import type { Accounting } from "../catalog/conservation.ts";
import type { ImportFiles } from "../imports/import-files.ts";
import type { ImportLedger } from "../imports/import-ledger.ts";
import type { AskedErasure, Person } from "../load/ask-erasure.ts";

/** How many questions run and wait. */
export interface PlaceBounds {
  /** Questions that run at a time; of one tenant half of them. */
  readonly running: number;
  /** Questions that wait for a place; of one tenant a quarter of them. */
  readonly waiting: number;
  /** Longest wait for a place, ms. */
  readonly waitMs: number;
}

/** What the service's HTTP needs. */
export interface ServerParts {
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  readonly attribution: AttributionAnswers;
  /** A tenant's books over all partitions, and whether anything waits. */
  readonly readAccounting: (tenant: string) => Promise<Accounting>;
  /** Tenants by read key; empty where tenant `default` is read without one. */
  readonly readKeys: ReadonlyMap<string, string>;
  /** Keys beside those. */
  readonly storedKeys?: StoredKeys | undefined;
  /** Names under which a service that needs no key answers, beside those of this machine. */
  readonly knownHosts: ReadonlySet<string>;
  readonly erasures: ErasureParts;
  readonly ledger: ImportLedger;
  readonly importFiles: ImportFiles;
  readonly importKeys: KeyParts;
  /** Their bearers see the whole platform. */
  readonly operateKeys: KeyParts;
  /** Different wrong keys of an address within a minute that lock it out; 0 for no limit. */
  readonly keyFailures: number;
  /** Addresses and networks whose forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  /** How many questions run and wait. */
  readonly questions: PlaceBounds;
  /** Not ready when the engine has not answered for this long, ms: other statements of the process may be before a probe's. */
  readonly engineStallMs: number;
  /** Exports that may run at a time. */
  readonly maxExports: number;
  /** Unhealthy when entries have waited this long without one being loaded, ms. */
  readonly loadStallMs: number;
  /** The platform's start that the service belongs to; undefined where it runs by itself. */
  readonly instanceId?: string | undefined;
  /** How long entries have waited without any being loaded, ms. */
  readonly stalledForMs: () => number;
  /** Whether Redis takes commands. */
  readonly redisReady: () => boolean;
  /** Why accepted events are not safe, or will not be loaded unchanged; undefined where neither holds. */
  readonly streamsReason?: () => Promise<string | undefined>;
  /** How often each code was found by the last diagnosis. */
  readonly findings?: () => Readonly<Record<string, number>>;
  readonly redisUse: () => ClientUse;
  /** Every partition's lag, as JSON shows it, its sum, the books and the dead letters. */
  readonly readLag: () => Promise<LagReport>;
  /** A tenant's part of that. */
  readonly readTenantLag: (tenant: string) => Promise<TenantLagReport>;
  /** Waits until all that was accepted before is attributed and loaded; false where it was not within the time. */
  readonly settle: (timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
}

/** The keys of a right. */
export interface KeyParts {
  /** Tenants by key. */
  readonly keys: ReadonlyMap<string, string>;
  /** Keys beside those; closed where nobody has the right without one. */
  readonly storedKeys: StoredKeys;
}

/** What the routes of erasures need. */
export interface ErasureParts extends KeyParts {
  /** Asks for a person's erasure. @throws ReportsError `unavailable` */
  readonly ask: (person: Person) => Promise<AskedErasure>;
}

/** What a consumer group has left to do, over all partitions. */
export interface LagTotal extends MeasuredLag {
  /** Undelivered and pending. */
  readonly entries: number;
}

export interface LagReport {
  readonly partitions: readonly MeasuredPartition[];
  /** By consumer group. */
  readonly total: Readonly<Record<string, LagTotal>>;
  /** Messages between partitions that are not relayed yet. */
  readonly outbox: OutboxLag;
  /** Results that the webhooks have not taken yet; null where none are sent. */
  readonly webhooks: StreamLag | null;
  /** Events in the books, by account; a bound's are `dropped_<bound>`. */
  readonly books: Readonly<Record<string, number>>;
  /** Events without an outcome in the books, as an absolute number. */
  readonly booksResidue: number;
  readonly deadLetters: { readonly count: number; readonly oldestAgeSeconds: number };
}

/** What a tenant may know of the lag: its own books, and how old the oldest waiting entry is, of whomever. */
export interface TenantLagReport extends Pick<LagReport, "books" | "booksResidue"> {
  readonly tenant: string;
  /** By consumer group. */
  readonly total: Readonly<Record<string, Pick<LagTotal, "oldestAgeSeconds">>>;
}

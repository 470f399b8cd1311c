import { formatDecimal } from "@tributary/protocol";
import {
  countErased,
  countFacts,
  countResults,
  sumMoney,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { ReportSettings } from "../question/settings.ts";

/** Under every model a conversion's credits sum to its whole, so one model is enough. */
const MODEL = "linear";

/** What the books say of a tenant, over all partitions. */
export interface TenantAccounts {
  readonly accepted: number;
  readonly duplicate: number;
  readonly processed: number;
  readonly deadLettered: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** The books, and whether anything that was accepted still waits to be attributed or loaded. */
export interface Accounting {
  readonly accounts: TenantAccounts;
  readonly waiting: boolean;
}

/** The outcome of everything that was ever accepted of a tenant. */
export interface Conservation {
  /** Whether everything accepted was loaded when this was counted; only then does a residue mean a loss. */
  readonly complete: boolean;
  readonly events: {
    readonly accepted: number;
    readonly duplicates: number;
    /** Conversions in the place of which another one of their order counts. */
    readonly duplicateOrders: number;
    readonly deadLettered: number;
    /** By the bound that dropped them. */
    readonly dropped: Readonly<Record<string, number>>;
    readonly touchpointsCredited: number;
    readonly touchpointsWithoutConversion: number;
    readonly touchpointsOutsideWindows: number;
    /** Visits that go on with an arrival. */
    readonly visitsThatWentOn: number;
    readonly conversionsAttributed: number;
    readonly conversionsUnattributed: number;
    readonly refunds: number;
    readonly identifies: number;
    readonly custom: number;
    /** Of people who were erased, of whatever kind. */
    readonly erased: number;
    /** Accepted less all others. */
    readonly residue: number;
  };
  /** Exact decimal texts. */
  readonly money: readonly {
    readonly currency: string;
    readonly accepted: string;
    readonly credited: string;
    readonly unattributed: string;
    readonly refunded: string;
    readonly residue: string;
  }[];
}

/**
 * Accounts for everything that was ever accepted of a tenant: each event is in one class, each amount in one place.
 * @param readAccounting is called before and after the warehouse is read: events that come meanwhile change it
 * @throws WarehouseError as the engine's query
 */
export async function conserve(
  engine: WarehouseEngine,
  tenant: string,
  settings: ReportSettings,
  readAccounting: () => Promise<Accounting>,
): Promise<Conservation> {
  const before = await readAccounting();
  const erasedBefore = await countErased(engine, tenant);
  const facts = await countFacts(engine, tenant, settings);
  const results = await countResults(engine, tenant);
  const { reusedOrderIds } = settings;
  const money = await sumMoney(engine, tenant, MODEL, {
    reusedOrderIds,
    erased: erasedBefore.events + erasedBefore.pending > 0,
  });
  const erased = await countErased(engine, tenant);
  const { accounts, waiting } = await readAccounting();
  const complete =
    !before.waiting &&
    !waiting &&
    before.accounts.accepted === accounts.accepted &&
    erasedBefore.pending + erased.pending === 0 &&
    erasedBefore.events === erased.events;
  const classes = {
    duplicates: accounts.duplicate + facts.twice,
    duplicateOrders: facts.duplicateOrders,
    deadLettered: accounts.deadLettered,
    touchpointsCredited: facts.credited,
    touchpointsWithoutConversion: facts.withoutConversion,
    touchpointsOutsideWindows: facts.outsideWindows,
    visitsThatWentOn: facts.wentOn,
    conversionsAttributed: results.attributed,
    conversionsUnattributed: results.unattributed,
    refunds: facts.refunds,
    identifies: facts.identifies,
    custom: facts.custom,
    erased: erased.events,
  };
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return {
    complete,
    events: {
      accepted: accounts.accepted,
      dropped: accounts.dropped,
      ...classes,
      residue: accounts.accepted - sum(classes) - sum(accounts.dropped),
    },
    money: money.map(({ currency, accepted, credited, unattributed, refunded }) => ({
      currency,
      accepted: formatDecimal(accepted),
      credited: formatDecimal(credited),
      unattributed: formatDecimal(unattributed),
      refunded: formatDecimal(refunded),
      residue: formatDecimal(accepted - credited - unattributed - refunded),
    })),
  };
}

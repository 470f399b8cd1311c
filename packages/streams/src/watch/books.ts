/**
 * The books: the outcome of every event, per tenant and partition, counted in the commit that decided it.
 *
 *   accepted = duplicate + processed + dead_lettered + Σ dropped_<bound>
 *
 * `accepted` is counted as rows are read, before anything is done with them; the others where a row's outcome is decided.
 * Each partition also counts the events that its entries' writers said were in them (`events`), which must be
 * the sum of the right-hand side over all tenants. A dead letter that is replayed is accepted again, as a new entry.
 */
import {
  BOOKS_PREFIX,
  booksField,
  ProtocolError,
  readEntryTenants,
  stateKey,
} from "@tributary/protocol";
import type { RedisClient } from "../redis/client.ts";

/** The tenant in whose books the events of an unreadable entry are. No tenant's name has parentheses. */
export const UNKNOWN_TENANT = "(unknown)";

const DROPPED = "dropped_";

/** The outcomes of events. */
export interface Accounts {
  readonly accepted: number;
  readonly duplicate: number;
  readonly processed: number;
  /** Of the processed: conversions that repeat an order, in the place of which another one of it counts. */
  readonly duplicateOrders: number;
  /**
   * Of the processed: facts of erased people that their partition still held. Facts that it had dropped for their age are
   * erased in the warehouse alone.
   */
  readonly erased: number;
  /** Events in entries that ever became dead letters. */
  readonly deadLettered: number;
  /** Events dropped, by the name of the bound. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Events of replayed dead letters, which are accepted again. */
  readonly replayed: number;
  /** Events of discarded dead letters. */
  readonly discarded: number;
  /** accepted less the other outcomes: 0, or something is wrong. */
  readonly residue: number;
}

export interface TenantBooks extends Accounts {
  readonly partition: number;
  readonly tenant: string;
}

export interface PartitionBooks {
  readonly partition: number;
  /** Events in the committed entries, as their writers said. */
  readonly events: number;
  /** `events` less the outcomes over all tenants: 0, or something is wrong. */
  readonly residue: number;
}

export interface Books {
  readonly tenants: readonly TenantBooks[];
  readonly partitions: readonly PartitionBooks[];
}

/** Reads the books of the partitions. Each partition's are of one moment. */
export async function readBooks(
  client: RedisClient,
  partitions: readonly number[],
): Promise<Books> {
  const states = await Promise.all(
    partitions.map(async (partition) => client.hgetall(stateKey(partition))),
  );
  const tenants: TenantBooks[] = [];
  const sums = partitions.map((partition, i): PartitionBooks => {
    const state = states[i] ?? {};
    const books = tenantsOf(state).map(([tenant, counts]): TenantBooks => ({
      partition,
      tenant,
      ...accountsOf(counts),
    }));
    tenants.push(...books);
    const events = Number(state["events"] ?? 0);
    return { partition, events, residue: events - books.reduce((sum, of) => sum + outcome(of), 0) };
  });
  return { tenants, partitions: sums };
}

/** The sum of several books. */
export function totalBooks(books: readonly Accounts[]): Accounts {
  const sum = (of: (accounts: Accounts) => number): number =>
    books.reduce((total, accounts) => total + of(accounts), 0);
  const dropped: Record<string, number> = {};
  for (const accounts of books) {
    for (const [bound, count] of Object.entries(accounts.dropped)) {
      dropped[bound] = (dropped[bound] ?? 0) + count;
    }
  }
  return {
    accepted: sum(({ accepted }) => accepted),
    duplicate: sum(({ duplicate }) => duplicate),
    processed: sum(({ processed }) => processed),
    duplicateOrders: sum(({ duplicateOrders }) => duplicateOrders),
    erased: sum(({ erased }) => erased),
    deadLettered: sum(({ deadLettered }) => deadLettered),
    dropped,
    replayed: sum(({ replayed }) => replayed),
    discarded: sum(({ discarded }) => discarded),
    residue: sum(({ residue }) => residue),
  };
}

/** Events of an entry by tenant; those of one that cannot be read are of {@link UNKNOWN_TENANT}. */
export function tenantsOfEntry(block: Uint8Array, count: number): Map<string, number> {
  try {
    const tenants = readEntryTenants(block);
    const total = [...tenants.values()].reduce((sum, events) => sum + events, 0);
    // An entry that holds another number of events than its writer said is broken, and so are its runs.
    if (total === count) return tenants;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return new Map([[UNKNOWN_TENANT, count]]);
}

/** Increments of the books for an entry that becomes a dead letter. */
export function deadLetterBooks(block: Uint8Array, count: number): Map<string, number> {
  const books = new Map<string, number>();
  for (const [tenant, events] of tenantsOfEntry(block, count)) {
    if (events === 0) continue;
    books.set(booksField(tenant, "accepted"), events);
    books.set(booksField(tenant, "dead_lettered"), events);
  }
  return books;
}

/** Counters by tenant, in the order of their names. */
function tenantsOf(state: Readonly<Record<string, string>>): [string, Map<string, number>][] {
  const tenants = new Map<string, Map<string, number>>();
  for (const [field, value] of Object.entries(state)) {
    if (!field.startsWith(BOOKS_PREFIX)) continue;
    const at = field.lastIndexOf(":");
    const tenant = field.slice(BOOKS_PREFIX.length, at);
    const counts = tenants.get(tenant) ?? new Map<string, number>();
    tenants.set(tenant, counts.set(field.slice(at + 1), Number(value)));
  }
  return [...tenants].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function accountsOf(counts: ReadonlyMap<string, number>): Accounts {
  const count = (name: string): number => counts.get(name) ?? 0;
  const dropped = Object.fromEntries(
    [...counts]
      .filter(([name]) => name.startsWith(DROPPED))
      .map(([name, value]) => [name.slice(DROPPED.length), value]),
  );
  const accounts = {
    accepted: count("accepted"),
    duplicate: count("duplicate"),
    processed: count("processed"),
    duplicateOrders: count("duplicate_orders"),
    erased: count("erased"),
    deadLettered: count("dead_lettered"),
    dropped,
    replayed: count("replayed"),
    discarded: count("discarded"),
  };
  return { ...accounts, residue: accounts.accepted - outcome(accounts) };
}

/** The right-hand side of the equation. */
function outcome(of: Omit<Accounts, "residue">): number {
  const dropped = Object.values(of.dropped).reduce((sum, events) => sum + events, 0);
  return of.duplicate + of.processed + of.deadLettered + dropped;
}

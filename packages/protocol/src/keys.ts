/**
 * Every Redis key name, in one place. All keys of a partition share one hash tag (`{p07}`), so that they
 * live in one slot of a Redis Cluster and one script can change them together.
 */

function tag(partition: number): string {
  return `{p${String(partition).padStart(2, "0")}}`;
}

/** Stream: batch entries as the gateway built them. */
export const eventsKey = (partition: number): string => `${tag(partition)}:events`;
/** Stream: fact blocks, one a commit; a partition's memory is rebuilt from it. */
export const factsKey = (partition: number): string => `${tag(partition)}:facts`;
/**
 * Sorted set: blocks of the fact log that were purged of erased people's rows, each under the stream ID of its entry. See
 * streams/src/fact-log/pages.ts.
 */
export const rewrittenFactsKey = (partition: number): string => `${tag(partition)}:facts:rewritten`;
/** Stream: fact blocks with erasures whose rows are still in the log before them. */
export const erasuresKey = (partition: number): string => `${tag(partition)}:erasures`;
/** Stream: result blocks, one a commit that attributed anything. */
export const resultsKey = (partition: number): string => `${tag(partition)}:results`;
/** Stream: messages of the partition's commits to other partitions, until they are relayed. */
export const outboxKey = (partition: number): string => `${tag(partition)}:outbox`;
/** Stream: entries that could not be processed, with their reason. */
export const deadLettersKey = (partition: number): string => `${tag(partition)}:dead-letters`;
/** Hash: fencing epoch, committed position, and the books' counters. */
export const stateKey = (partition: number): string => `${tag(partition)}:state`;
/** What every field of the books in the state hash begins with. */
export const BOOKS_PREFIX = "books:";
/** Field of the state hash: one of a tenant's accounts, such as `processed`. */
export const booksField = (tenant: string, account: string): string =>
  `${BOOKS_PREFIX}${tenant}:${account}`;
/**
 * Fields of the state hash: how far a group other than the workers' has come in a stream of the partition. The ID up to which it has
 * acknowledged everything, how many entries those were, and how many were gone before it had them.
 */
export const progressFields = (
  group: string,
  stream: "facts" | "results",
): readonly [acknowledgedId: string, entries: string, lost: string] => [
  `acknowledged:${group}:${stream}`,
  `acknowledged_entries:${group}:${stream}`,
  `lost:${group}:${stream}`,
];
/** String with expiry: the worker that owns the partition. */
export const leaseKey = (partition: number): string => `${tag(partition)}:lease`;

/** Hash: what all processes of a platform must agree on (number of partitions, format). */
export const PLATFORM_KEY = "tributary:platform";
/** Hash: the API keys of a kind (`write`, `read`, `import`, `erase`, `operate`) by their ID, as JSON with the key's hash. */
export const apiKeysKey = (kind: string): string => `tributary:keys:${kind}`;
/** Hash: whether requests of a kind of API key need one, by kind: `closed` or `open`. */
export const ACCESS_KEY = "tributary:access";
/** Sorted set: the members of a consumer group, scored by when their membership ends (ms). */
export const membersKey = (group: string): string => `tributary:{${group}}:members`;
/** Hash: which process each member is. In the slot of the members, as the next one: one script reads all. */
export const incarnationsKey = (group: string): string => `tributary:{${group}}:incarnations`;
/** Set: the members that are to own no partition. */
export const drainingKey = (group: string): string => `tributary:{${group}}:draining`;

/** Consumer group of the workers, on every partition's events. */
export const ATTRIBUTION_GROUP = "attribution";
/** Consumer group of the loader, on every partition's facts and results. */
export const WAREHOUSE_GROUP = "warehouse";

/** Consumer group of the webhooks, on every partition's results; it is there only where webhooks are used. */
export const WEBHOOKS_GROUP = "webhooks";
/** String with expiry: the process that sends the webhooks. */
export const WEBHOOKS_LEASE_KEY = `tributary:{${WEBHOOKS_GROUP}}:lease`;
/** Set: the tenants that have deliveries, or had. */
export const WEBHOOKS_TENANTS_KEY = `tributary:{${WEBHOOKS_GROUP}}:tenants`;
/** Stream: conversions of erased people, for webhooks that notify their receivers. */
export const WEBHOOKS_ERASED_KEY = `tributary:{${WEBHOOKS_GROUP}}:erased`;
/** Parts of a tenant's queue of deliveries; see packages/webhooks/src/queue. */
export type WebhookQueuePart =
  | "bodies"
  | "held"
  | "line"
  | "due"
  | "tries"
  | "since"
  | "dead"
  | "died"
  | "reasons"
  | "bytes"
  | "owners";
/** Key of a part of a tenant's queue: all of a tenant's are in one slot, so that one script changes them together. */
export const webhookKey = (tenant: string, part: WebhookQueuePart): string =>
  `tributary:{${WEBHOOKS_GROUP}:${tenant}}:${part}`;

/** Field of a stream entry that holds the block's bytes. */
export const BLOCK_FIELD = "b";
/** Field of an entry of the erasures: the ID of the fact block. */
export const FACTS_FIELD = "f";
/** Field of an outbox entry: the partition that it is for. */
export const TARGET_FIELD = "t";
/** Field of a message: how many rows it has, which are no events. */
export const ROWS_FIELD = "m";
/** Field of a message: when the first of the events came that led to it, ms since 1970. */
export const ORIGIN_FIELD = "o";
/** Field of a fact or result block: ID of the last entry of the events that it was made from. */
export const POSITION_FIELD = "p";
/** Field of a stream entry that holds how many events, facts or results the block has. */
export const COUNT_FIELD = "n";

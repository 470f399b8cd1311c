export { EntryAppender } from "./append.ts";
export type { ReplicaWait } from "./append.ts";
export { assignPartitions } from "./assignment.ts";
export { commitBatch } from "./commit.ts";
export type { Block, Commit, DeadLetter } from "./commit.ts";
export { compareEntryIds, entryTimeMs, FIRST_ID } from "./entry-id.ts";
export { STREAMS_ERROR_CODES, StreamsError } from "./errors.ts";
export type { StreamsErrorCode } from "./errors.ts";
export { GroupMember } from "./group-member.ts";
export type { MemberOptions } from "./group-member.ts";
export { readLag, totalLag } from "./lag.ts";
export type { GroupLag, PartitionLag } from "./lag.ts";
export { acquireLease, heartbeat, leaveGroup, releaseLease, renewLease } from "./lease.ts";
export type { Lease } from "./lease.ts";
export {
  DEFAULT_CONSUMER_OPTIONS,
  MemoryLostError,
  PartitionConsumer,
  PoisonEntryError,
} from "./partition-consumer.ts";
export type {
  CommitOutcome,
  ConsumerOptions,
  PartitionProcessor,
  Retention,
} from "./partition-consumer.ts";
export { agreeOnPlatform, ensureGroups } from "./platform.ts";
export type { StreamEntry } from "./read-group.ts";
export { connectRedis, redisReady, waitUntilReady } from "./redis.ts";
export type { ConnectOptions, RedisClient } from "./redis.ts";
export { settle } from "./settle.ts";
export type { SettleOptions } from "./settle.ts";
export { trimPartition } from "./trim.ts";
export { WarehouseFeed } from "./warehouse-feed.ts";
export type { FeedOptions, PolledEntry } from "./warehouse-feed.ts";

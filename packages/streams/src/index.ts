export {
  API_KEY_KINDS,
  type ApiKeyKind,
  ApiKeyStore,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  type StoredApiKey,
} from "./api-key-store.ts";
export { EntryAppender } from "./append.ts";
export type { ReplicaWait } from "./append.ts";
export type { Admission } from "./admission.ts";
export { assignPartitions } from "./assignment.ts";
export { readBooks, totalBooks, UNKNOWN_TENANT } from "./books.ts";
export type { Accounts, Books, PartitionBooks, TenantBooks } from "./books.ts";
export { readBacklog } from "./backlog.ts";
export type { PartitionBacklog } from "./backlog.ts";
export { commitBatch } from "./commit.ts";
export type { Block, Commit, Committed, DeadLetter, OutboxMessage } from "./commit.ts";
export {
  discardDeadLetter,
  findDeadLetter,
  readDeadLetters,
  replayDeadLetter,
} from "./dead-letters.ts";
export type { DeadLetterStream, KeptDeadLetter } from "./dead-letters.ts";
export { compareEntryIds, entryTimeMs, FIRST_ID } from "./entry-id.ts";
export { isOutOfMemory, STREAMS_ERROR_CODES, StreamsError } from "./errors.ts";
export type { StreamsErrorCode } from "./errors.ts";
export { GroupMember } from "./group-member.ts";
export type { MemberOptions } from "./group-member.ts";
export { readGroups } from "./groups.ts";
export type { Groups, LeaseInfo, LoaderInfo, WorkerInfo } from "./groups.ts";
export { LagMeter } from "./lag-meter.ts";
export type { Drain, MeasuredLag, MeasuredPartition, MeasuredReport } from "./lag-meter.ts";
export { readLag, totalLag } from "./lag.ts";
export type { GroupLag, OutboxLag, PartitionLag } from "./lag.ts";
export {
  acquireLease,
  drainMember,
  heartbeat,
  leaveGroup,
  releaseLease,
  renewLease,
  undrainMember,
} from "./lease.ts";
export type { Lease, Membership } from "./lease.ts";
export { DEFAULT_CONSUMER_OPTIONS, PartitionConsumer } from "./partition-consumer.ts";
export type { ConsumerOptions } from "./partition-consumer.ts";
export { MemoryLostError, PoisonEntryError } from "./partition-processor.ts";
export type {
  CommitOutcome,
  Computed,
  PartitionProcessor,
  Retention,
} from "./partition-processor.ts";
export { agreeOnPlatform, ensureGroups, joinPlatform, readPartitionCount } from "./platform.ts";
export type { StreamEntry } from "./read-group.ts";
export { clientUse, connectRedis, redisReady, waitUntilReady } from "./redis.ts";
export type { ClientUse, ConnectOptions, RedisClient } from "./redis.ts";
export { settle } from "./settle.ts";
export type { SettleOptions } from "./settle.ts";
export { trimPartition } from "./trim.ts";
export { WarehouseFeed } from "./warehouse-feed.ts";
export type { FeedOptions, PolledEntry } from "./warehouse-feed.ts";
export { readCompleteUpTo } from "./watermark.ts";

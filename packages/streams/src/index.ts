export { ApiKeyStore } from "./platform/api-key-store.ts";
export {
  type Access,
  createApiKey,
  listApiKeys,
  openAccess,
  readAccess,
  revokeApiKey,
  rotateApiKey,
  type StoredApiKey,
} from "./platform/api-keys.ts";
export { EntryAppender } from "./redis/append.ts";
export type { ReplicaWait } from "./redis/append.ts";
export type { Admission } from "./partition/admission.ts";
export { assignPartitions } from "./ownership/assignment.ts";
export { readBooks, totalBooks, UNKNOWN_TENANT } from "./watch/books.ts";
export type { Accounts, Books, PartitionBooks, TenantBooks } from "./watch/books.ts";
export { readBacklog } from "./watch/backlog.ts";
export type { PartitionBacklog } from "./watch/backlog.ts";
export { commitBatch } from "./partition/commit.ts";
export type { Block, Commit, Committed, DeadLetter, OutboxMessage } from "./partition/commit.ts";
export {
  discardDeadLetter,
  findDeadLetter,
  readDeadLetters,
  replayDeadLetter,
} from "./feed/dead-letters.ts";
export type { DeadLetterStream, KeptDeadLetter } from "./feed/dead-letters.ts";
export { compareEntryIds, entryTimeMs, FIRST_ID } from "./redis/entry-id.ts";
export { diagnose, type DiagnoseOptions } from "./diagnosis/diagnose.ts";
export {
  type Finding,
  FINDING_KINDS,
  type FindingCode,
  type FindingKind,
  type FindingOf,
  lasting,
} from "./diagnosis/finding.ts";
export { type Mended, mendFindings } from "./diagnosis/mend.ts";
export { isOutOfMemory, STREAMS_ERROR_CODES, StreamsError } from "./errors.ts";
export type { StreamsErrorCode } from "./errors.ts";
export type { WaitingErasures } from "./fact-log/eraser.ts";
export { GroupMember } from "./group/member.ts";
export type { MemberOptions } from "./group/member.ts";
export {
  forgetErasedConversions,
  noteErasedConversions,
  readErasedConversions,
  type ErasedConversions,
  type NotedConversion,
} from "./feed/erased-conversions.ts";
export {
  type BlocksHeld,
  claimForWarehouse,
  type LoadedBlocks,
  loadFromBeginning,
  moveToWarehouse,
  readLoadedBlocks,
  readWarehouseId,
} from "./platform/warehouse-claim.ts";
export { conversionKey } from "./feed/conversion-key.ts";
export { readGroupLag } from "./watch/group-lag.ts";
export { readGroups } from "./group/groups.ts";
export type { Groups, LeaseInfo, LoaderInfo, WorkerInfo } from "./group/groups.ts";
export { removeIdleConsumers } from "./watch/idle-consumers.ts";
export { LossFinder } from "./watch/losses.ts";
export type { Loss } from "./watch/losses.ts";
export { LagMeter } from "./watch/lag-meter.ts";
export type { Drain, MeasuredLag, MeasuredPartition, MeasuredReport } from "./watch/lag-meter.ts";
export { readLag, totalLag } from "./watch/lag.ts";
export type { GroupLag, OutboxLag, PartitionLag, StreamLag, WaitingLag } from "./watch/lag.ts";
export {
  acquireLease,
  drainMember,
  heartbeat,
  leaveGroup,
  releaseLease,
  renewLease,
  undrainMember,
} from "./ownership/lease.ts";
export type { Lease, Membership } from "./ownership/lease.ts";
export { PartitionConsumer } from "./consumer/consumer.ts";
export { DEFAULT_CONSUMER_OPTIONS } from "./consumer/options.ts";
export type { ConsumerObserver, ConsumerOptions, LostData } from "./consumer/options.ts";
export { MemoryLostError, OutOfMemoryError, PoisonEntryError } from "./partition/processor.ts";
export type {
  CommitOutcome,
  Computed,
  PartitionProcessor,
  Retention,
} from "./partition/processor.ts";
export {
  agreeOnPlatform,
  ensureGroups,
  ensureWebhooksGroup,
  GROUP_LOST,
  joinPlatform,
  type JoinOptions,
  type LostGroup,
  readPartitionCount,
  removeWebhooksGroup,
  webhooksGroupSince,
} from "./platform/platform.ts";
export type { StreamEntry } from "./redis/read-group.ts";
export {
  clientUse,
  connectionFault,
  connectRedis,
  refusedLogin,
  redisReady,
  waitUntilReady,
} from "./redis/client.ts";
export type { ClientUse, ConnectOptions, RedisClient } from "./redis/client.ts";
export { faultsOf, readServerSettings } from "./redis/server-settings.ts";
export type { RedisRules, ServerFault, ServerSettings } from "./redis/server-settings.ts";
export { ServerWatch } from "./redis/server-watch.ts";
export { Script } from "./redis/script.ts";
export { settle } from "./watch/settle.ts";
export type { SettleOptions } from "./watch/settle.ts";
export { trimPartition } from "./partition/trim.ts";
export { WarehouseFeed } from "./feed/warehouse-feed.ts";
export type { PolledEntry } from "./feed/polled-entry.ts";
export { mendedReporter } from "./feed/mended-reporter.ts";
export type { FeedOptions, MendedGroup } from "./feed/warehouse-feed.ts";
export { readCompleteUpTo } from "./watch/watermark.ts";

export { BatchScanner } from "./body/batch-scanner.ts";
export type { RowSink, ScanResult } from "./body/batch-scanner.ts";
export { packEvents, packJsonBody, packNdjsonBody, parseJson, replaceEvents } from "./body/body.ts";
export type { PackedLines } from "./body/body.ts";
export { clockShiftMs } from "./body/clock.ts";
export { cutEnd } from "./bytes/utf8.ts";
export type { Refusal } from "./body/refusal.ts";
export type { ScanOptions } from "./body/scan-options.ts";
export { isCurrency } from "./values/currency.ts";
export {
  decimalFromNumber,
  formatDecimal,
  MONEY_DIGITS,
  MONEY_UNIT,
  parseDecimal,
  trimDecimal,
} from "./values/decimal.ts";
export { LINK_FIELDS, restoreStray, strayParameters } from "./values/link.ts";
export type { StrayParameters, StrayReason } from "./values/link.ts";
export { QUERY_ONLY, unreadUtm, unreadUtmReason } from "./values/utm.ts";
export type { UnreadUtm, UtmReading } from "./values/utm.ts";
export { Dictionary } from "./entry/dictionary.ts";
export { createRowDictionaries, EventRow } from "./entry/event-row.ts";
export {
  ENTRY_VERSION,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  FLAG_USER_UUID,
  MAX_ENTRY_EVENTS,
  MAX_TIME_MS,
} from "./entry/entry.ts";
export { EntryWriter } from "./entry/entry-writer.ts";
export type { RowDictionaries } from "./entry/event-row.ts";
export { EntryColumns } from "./entry/columns.ts";
export { EntryReader, readEntryTraces } from "./entry/reader.ts";
export { EntrySplicer } from "./entry/splicer.ts";
export { readEntryTenants } from "./entry/tenants.ts";
export { erasedKeys, readErasures, withoutErased } from "./identity/block-purge.ts";
export type { ErasedKeys, LoggedErasure, RemainingRows } from "./identity/block-purge.ts";
export { isErasure, packErasure } from "./identity/erasure-message.ts";
export type { ErasureMessage, ErasureRequest } from "./identity/erasure-message.ts";
export { PROTOCOL_ERROR_CODES, ProtocolError } from "./errors.ts";
export type { ProtocolErrorCode } from "./errors.ts";
export {
  CHANNEL_DIMENSION,
  CONVERSION_DIMENSIONS,
  DIMENSION_COUNT,
  DIMENSION_FIELDS,
  EVENT_FIELDS,
  EVENT_LIMITS,
  EVENT_TYPES,
  isTouchpointType,
  TYPE_CLICK,
  TYPE_CONVERSION,
  TYPE_CUSTOM,
  TYPE_IDENTIFY,
  TYPE_IMPRESSION,
  TYPE_REFUND,
  TYPE_VISIT,
} from "./event.ts";
export type { ConversionDimension, DimensionField, EventType, TributaryEvent } from "./event.ts";
export {
  COPY_MARK_BYTES,
  copyRevision,
  emptyIdentityRecord,
  fillIdentityRow,
  fillUserRow,
  IDENTITY_CLAIM,
  IDENTITY_DECISION,
  IDENTITY_ERASE,
  IDENTITY_ERASE_WITH,
  IDENTITY_ERASED,
  IDENTITY_LINK,
  IDENTITY_PAIR,
  addOrigin,
  isCopy,
  isCopyDuplicateOrder,
  isMessage,
  markCopy,
  type OriginKeys,
  readOrigin,
  readIdentity,
  TYPE_IDENTITY,
} from "./identity/identity-rows.ts";
export type { IdentityRecord } from "./identity/identity-rows.ts";
export {
  CLAIMANT_BYTES,
  isOrderRow,
  ORDER_CLAIM,
  ORDER_REFUND,
  ORDER_WINNER,
  OrderRowFiller,
  readOrder,
} from "./identity/order-rows.ts";
export type { OrderRecord } from "./identity/order-rows.ts";
export {
  ATTRIBUTION_GROUP,
  BLOCK_FIELD,
  BOOKS_PREFIX,
  booksField,
  COUNT_FIELD,
  deadLettersKey,
  ACCESS_KEY,
  apiKeysKey,
  drainingKey,
  erasuresKey,
  FACTS_FIELD,
  incarnationsKey,
  eventsKey,
  factsKey,
  leaseKey,
  membersKey,
  ORIGIN_FIELD,
  outboxKey,
  progressFields,
  PLATFORM_KEY,
  POSITION_FIELD,
  resultsKey,
  rewrittenFactsKey,
  ROWS_FIELD,
  stateKey,
  TARGET_FIELD,
  WAREHOUSE_GROUP,
  webhookKey,
  WEBHOOKS_GROUP,
  WEBHOOKS_ERASED_KEY,
  WEBHOOKS_LEASE_KEY,
  WEBHOOKS_TENANTS_KEY,
} from "./keys.ts";
export type { WebhookQueuePart } from "./keys.ts";
export { keyedHash, keyedHashOfWords } from "./bytes/keyed-hash.ts";
export { murmur3 } from "./murmur3.ts";
export { MAX_PARTITIONS, partitionOf, partitionOfBytes, tenantSeed } from "./partition.ts";
export {
  findRareText,
  RARE_ANONYMOUS_ID,
  RARE_CURRENCY,
  RARE_NAME,
  RARE_ORDER_ID,
  RARE_REFERRER,
  RARE_URL,
  RARE_VALUE,
  rareRange,
  readRareBytes,
  readRareFields,
  readRareText,
  unpackProperties,
} from "./entry/rare.ts";
export type { RareFields } from "./entry/rare.ts";
export {
  isWithdrawn,
  readResultBlock,
  REASON_DUPLICATE,
  REASON_DUPLICATE_ORDER,
  REASON_FIRST,
  REASON_LATE_TOUCHPOINT,
  REASON_MERGE,
  REASON_REFUND,
  RESULT_VERSION,
  ResultWriter,
  REVISION_REASONS,
  WITHDRAWN_REASONS,
} from "./entry/result-block.ts";
export type { ResultBlock, RevisionReason } from "./entry/result-block.ts";
export { formatUuid, packUuid, UUID_BYTES, UUID_TEXT_BYTES } from "./bytes/uuid.ts";

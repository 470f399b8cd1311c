export { decimalUnits, touchDimensions } from "./query/attribution-sql.ts";
export {
  countAuditSlices,
  countConversions,
  readAuditDecisions,
  readAuditFacts,
  readAuditOrders,
  readAuditRefunds,
  readAuditResults,
  watermarkBefore,
} from "./check/audit.ts";
export type { AuditDecision, AuditFact, AuditResult } from "./check/audit.ts";
export { countFacts, countResults, sumMoney } from "./check/conservation.ts";
export { campaignCounts, COUNT_DIMENSIONS, COUNT_INTERVALS } from "./query/campaign-counts.ts";
export type { CountInterval, EventCounts } from "./query/campaign-counts.ts";
export { assistedConversions, timeToConvert } from "./query/journey-shapes.ts";
export { eraseRows, readErasedConversions } from "./erase/erase-rows.ts";
export type { SentConversion } from "./erase/erase-rows.ts";
export {
  anonymousIdsOf,
  countPendingRows,
  readPendingKeys,
  readPendingReceipts,
} from "./erase/pending-keys.ts";
export type { ErasedKey, PendingKey } from "./erase/pending-keys.ts";
export {
  countErased,
  countErasedConversions,
  readOpenErasures,
  readReceipts,
  storeCompletedErasures,
  storeErasedCounts,
  storeRequestedErasure,
} from "./erase/receipts.ts";
export type { ErasureReceipt, OpenErasure } from "./erase/receipts.ts";
export { exportColumns, exportPages, exportParquet, EXPORTS } from "./query/export-rows.ts";
export type { ExportColumn, ExportName, ExportQuestion, ExportRow } from "./query/export-rows.ts";
export { findConversions } from "./query/conversion-lookup.ts";
export { readRates, readSpend, storeRates, storeSpend } from "./query/spend.ts";
export type { RateRow, SpendRow } from "./query/spend.ts";
export { resultChanges } from "./query/result-changes.ts";
export type { ChangesQuestion } from "./query/result-changes.ts";
export { readUserTouches } from "./query/user-touches.ts";
export type { UserTouch } from "./query/user-touches.ts";
export type {
  ConversionCredit,
  ConversionDetail,
  ConversionRevision,
  ConversionTouch,
} from "./query/conversion-lookup.ts";
export type {
  Column,
  EngineLimits,
  QueryParameter,
  QueryParameters,
  WarehouseEngine,
  WarehouseLocation,
} from "./engine/engine.ts";
export { WAREHOUSE_ERROR_CODES, WarehouseError } from "./errors.ts";
export type { WarehouseErrorCode } from "./errors.ts";
export {
  findImportRows,
  IMPORT_KINDS,
  IMPORT_ROW_BYTES,
  readImports,
  readMapping,
  storeImport,
  storeImportRows,
} from "./imports/ledger.ts";
export type { ImportKind, ImportRecord, ImportState, KnownRow } from "./imports/ledger.ts";
export { countImported } from "./imports/count-imported.ts";
export { removeImported } from "./imports/remove-imported.ts";
export { FactRows } from "./load/facts.ts";
export { ResultRows } from "./load/results.ts";
export {
  MAX_JOURNEY_TOUCHES,
  newestArrival,
  readPurchases,
  readTouches,
  tooManyTouches,
} from "./query/journey-facts.ts";
export type { FactsQuestion } from "./query/journey-facts.ts";
export {
  addWarehouseId,
  type Adoption,
  ADOPTIONS,
  isEmptyWarehouse,
  readAdoption,
  readWarehouseIds,
  storeAdoption,
} from "./engine/warehouse-id.ts";
export { migrate } from "./engine/migrations.ts";
export { DEFAULT_ENGINE_LIMITS, openWarehouse } from "./engine/open.ts";
export { openJourneys } from "./query/open-journeys.ts";
export type { OpenPath } from "./query/open-journeys.ts";
export {
  ATTRIBUTION_DIMENSIONS,
  conversionDimensionsOf,
  NO_VALUE,
  rowDimensions,
  unattributedMark,
  touchDimensionsOf,
  UNATTRIBUTED,
} from "./query/report-dimensions.ts";
export type { AttributionDimension } from "./query/report-dimensions.ts";
export {
  attributionReport,
  creditGroups,
  MAX_REPORT_DIMENSIONS,
  MAX_REPORT_PATHS,
  MAX_REPORT_ROWS,
  tooManyPaths,
  tooManyRows,
} from "./query/report-queries.ts";
export type {
  AttributionAnswer,
  AttributionQuestion,
  AttributionReport,
  ConvertingPath,
} from "./query/report-queries.ts";
export { rowsOfGroups, totalsOfGroups } from "./query/report-rows.ts";
export type {
  AttributionRow,
  AttributionTotals,
  CreditGroup,
  TotalGroup,
} from "./query/report-rows.ts";
export type { RowBatch } from "./load/row-batch.ts";
export { DATABASE } from "./engine/database.ts";
export {
  ATTRIBUTIONS_TABLE,
  CONVERSIONS_VIEW,
  CREDITS_VIEW,
  EVENTS_TABLE,
  IDENTITIES_TABLE,
} from "./engine/schema.ts";

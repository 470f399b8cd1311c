export { decimalUnits, touchDimensions } from "./attribution-sql.ts";
export {
  countAuditSlices,
  readAuditDecisions,
  readAuditFacts,
  readAuditResults,
  watermarkBefore,
} from "./audit-queries.ts";
export type { AuditDecision, AuditFact, AuditResult } from "./audit-queries.ts";
export { countFacts, countResults, sumMoney } from "./conservation-queries.ts";
export { campaignCounts, COUNT_DIMENSIONS, COUNT_INTERVALS } from "./campaign-counts.ts";
export type { CountInterval, EventCounts } from "./campaign-counts.ts";
export { assistedConversions, timeToConvert } from "./journey-shapes.ts";
export { eraseRows, readConversionsErasing } from "./erase-rows.ts";
export {
  anonymousIdsOf,
  countErased,
  countErasedConversions,
  countErasing,
  readErasing,
  readErasures,
  readOpenErasures,
  readReceiptsErasing,
  storeAskedErasure,
  storeDoneErasures,
  storeErasedCounts,
} from "./erasures.ts";
export type { ErasedKey, ErasureReceipt, Erasing, OpenErasure } from "./erasures.ts";
export { exportColumns, exportPages, exportParquet, EXPORTS } from "./export-rows.ts";
export type { ExportColumn, ExportName, ExportQuestion, ExportRow } from "./export-rows.ts";
export { findConversion } from "./conversion-lookup.ts";
export { readRates, readSpend, storeRates, storeSpend } from "./spend.ts";
export type { RateRow, SpendRow } from "./spend.ts";
export { resultChanges } from "./result-changes.ts";
export type { ChangesQuestion } from "./result-changes.ts";
export { readUserTouches } from "./user-touches.ts";
export type { UserTouch } from "./user-touches.ts";
export type {
  ConversionCredit,
  ConversionDetail,
  ConversionRevision,
  ConversionTouch,
} from "./conversion-lookup.ts";
export type {
  Column,
  EngineLimits,
  QueryParameter,
  QueryParameters,
  WarehouseEngine,
  WarehouseLocation,
} from "./engine.ts";
export { WAREHOUSE_ERROR_CODES, WarehouseError } from "./errors.ts";
export type { WarehouseErrorCode } from "./errors.ts";
export { FactRows } from "./load-facts.ts";
export { ResultRows } from "./load-results.ts";
export {
  MAX_JOURNEY_TOUCHES,
  newestArrival,
  readPurchases,
  readTouches,
  tooManyTouches,
} from "./journey-facts.ts";
export type { FactsQuestion } from "./journey-facts.ts";
export { migrate } from "./migrations.ts";
export { DEFAULT_ENGINE_LIMITS, openWarehouse } from "./open.ts";
export { openJourneys } from "./open-journeys.ts";
export type { OpenPath } from "./open-journeys.ts";
export {
  ATTRIBUTION_DIMENSIONS,
  CALENDAR_DIMENSIONS,
  conversionDimensionsOf,
  NO_VALUE,
  rowDimensions,
  touchDimensionsOf,
  UNATTRIBUTED,
} from "./report-dimensions.ts";
export type { AttributionDimension } from "./report-dimensions.ts";
export {
  attributionReport,
  creditGroups,
  MAX_REPORT_DIMENSIONS,
  MAX_REPORT_PATHS,
  MAX_REPORT_ROWS,
  tooManyPaths,
  tooManyRows,
} from "./report-queries.ts";
export type {
  AttributionAnswer,
  AttributionQuestion,
  AttributionReport,
  ConvertingPath,
} from "./report-queries.ts";
export { rowsOfGroups, totalsOfGroups } from "./report-rows.ts";
export type { AttributionRow, AttributionTotals, CreditGroup, TotalGroup } from "./report-rows.ts";
export type { RowBatch } from "./row-batch.ts";
export {
  ATTRIBUTIONS_TABLE,
  CONVERSIONS_VIEW,
  CREDITS_VIEW,
  DATABASE,
  EVENTS_TABLE,
  IDENTITIES_TABLE,
} from "./schema.ts";

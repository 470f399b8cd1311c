export { touchDimensions } from "./attribution-sql.ts";
export { findConversion } from "./conversion-lookup.ts";
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
export { migrate } from "./migrations.ts";
export { DEFAULT_ENGINE_LIMITS, openWarehouse } from "./open.ts";
export { openJourneys } from "./open-journeys.ts";
export type { OpenPath } from "./open-journeys.ts";
export {
  attributionReport,
  MAX_REPORT_DIMENSIONS,
  MAX_REPORT_ROWS,
  NO_VALUE,
  REPORT_DIMENSIONS,
  UNATTRIBUTED,
} from "./report-queries.ts";
export type {
  AttributionAnswer,
  AttributionQuestion,
  AttributionReport,
  AttributionRow,
  AttributionTotals,
  ConvertingPath,
} from "./report-queries.ts";
export type { RowBatch } from "./row-batch.ts";
export {
  ATTRIBUTIONS_TABLE,
  CONVERSIONS_VIEW,
  CREDITS_VIEW,
  DATABASE,
  EVENTS_TABLE,
} from "./schema.ts";

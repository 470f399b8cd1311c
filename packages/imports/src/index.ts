export { checkDays, MAX_DAY_ROWS } from "./check/check-days.ts";
export { readDays, type DayFile } from "./check/read-days.ts";
export { checkEvents, noCounts } from "./check/check-events.ts";
export type { CheckCounts, EventBatch, EventLimits } from "./check/check-events.ts";
export { RejectText } from "./check/reject-text.ts";
export { IMPORT_ERROR_CODES, ImportError, type ImportErrorCode } from "./errors.ts";
export { KnownRows, LEDGER_ROWS, pieces } from "./ledger/known-rows.ts";
export type { KnownRow, Ledger } from "./ledger/known-rows.ts";
export { newEvents } from "./ledger/new-events.ts";
export { type Field, fieldNamed, FIELDS, type Kind, KINDS } from "./mapping/fields.ts";
export { lookAt } from "./mapping/look.ts";
export type { ColumnLook, Look, Row, RowSource } from "./mapping/look.ts";
export { checkMapping, headerDigest, mappingJsonSchema, parseMapping } from "./mapping/mapping.ts";
export type { ColumnMapping, Mapping } from "./mapping/mapping.ts";
export { propose } from "./mapping/propose.ts";
export type { OpenQuestion } from "./mapping/inquiry.ts";
export type { Choices, Proposal } from "./mapping/propose.ts";
export {
  applyPreset,
  findPreset,
  presetNamed,
  PRESETS,
  type PresetTable,
} from "./presets/apply-preset.ts";
export type { Preset } from "./presets/preset.ts";
export type { DayRow } from "./rows/day-row.ts";
export { EventRows, type RowEvent } from "./rows/event-row.ts";
export { isRefused, type RefusedCell, type RefusedRow } from "./rows/refused.ts";
export { readRows, type ReadRow } from "./rows/read-rows.ts";
export { ROW_BYTES } from "./rows/row-identity.ts";
export type { TableSource } from "./file/content.ts";
export { openTable } from "./file/open-table.ts";
export { CHARSETS, DELIMITERS, TABLE_BOUNDS } from "./file/table.ts";
export type {
  Charset,
  Compression,
  Delimiter,
  SkippedRow,
  Table,
  TableFormat,
  TableOptions,
  TableRow,
} from "./file/table.ts";
export { parseAmount, type Amount, type DecimalMark } from "./values/amount.ts";
export { parseCurrency, type Currency } from "./values/currency.ts";
export { AmountEvidence, detectAmounts, type DetectedAmounts } from "./values/detect-amounts.ts";
export {
  detectTimeFormats,
  TimeEvidence,
  type DetectedTimes,
  type TimeQuestion,
} from "./values/detect-times.ts";
export { TIME_FORMATS, type TimeFormat } from "./values/time-formats.ts";
export { timeParser, UNAMBIGUOUS_FORMATS, type TimeParser } from "./values/time-parser.ts";
export { tokenParser } from "./values/time-tokens.ts";

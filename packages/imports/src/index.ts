export { IMPORT_ERROR_CODES, ImportError, type ImportErrorCode } from "./errors.ts";
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

/** What the service answers, for clients that check it. */
export { reportSchema, rowsSchema, type AttributionReport, type ReportRow } from "./attribution.ts";
export { auditSchema, conservationSchema, type Audit, type Conservation } from "./checks.ts";
export { conversionSchema, type Conversion } from "./conversion.ts";
export { askedErasureSchema, erasureSchema, erasuresSchema, type Erasure } from "./erasures.ts";
export {
  begunImportSchema,
  type ImportAnswer,
  importRecordSchema,
  importSchema,
  importsSchema,
  knownRowsSchema,
  mappingAnswerSchema,
  storedRowsSchema,
} from "./imports.ts";
export type { Spelling } from "./spellings.ts";
export { lagAnswerSchema, settledSchema, type Lag, type TenantLag } from "./operations.ts";

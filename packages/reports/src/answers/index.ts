/** What the service answers, for clients that check it. */
export { reportSchema, rowsSchema, type AttributionReport, type ReportRow } from "./attribution.ts";
export { auditSchema, conservationSchema, type Audit, type Conservation } from "./checks.ts";
export { conversionSchema, type Conversion } from "./conversion.ts";
export { askedErasureSchema, erasureSchema, erasuresSchema, type Erasure } from "./erasures.ts";
export { importSchema } from "./imports.ts";
export { lagAnswerSchema, settledSchema, type Lag, type TenantLag } from "./operations.ts";

/** A mapping: which column of a file fills which field, and how its cells are read. Kept as JSON. */
import { createHash } from "node:crypto";
import { EVENT_TYPES, isCurrency } from "@tributary/protocol";
import { z } from "zod";
import { ImportError } from "../errors.ts";
import { TIME_FORMATS, type TimeFormat } from "../values/time-formats.ts";
import { isZone } from "../values/zone-clock.ts";
import { SKIP } from "./event-types.ts";
import { FIELDS, KINDS, type Field } from "./fields.ts";

const MAX_COLUMNS = 2000;
const MAX_TEXT = 512;
const text = z.string().max(MAX_TEXT);
const FORMATS = Object.keys(TIME_FORMATS) as [TimeFormat, ...TimeFormat[]];

const zone = text
  .refine(isZone, { error: "expected an IANA zone such as Europe/Berlin" })
  .describe("IANA zone of times without one");

const columnSchema = z
  .strictObject({
    field: text.optional().describe("the field that the column fills"),
    formats: z.array(z.enum(FORMATS)).min(1).optional().describe("of a time or day"),
    zone: zone.optional(),
    decimal: z.enum([".", ","]).optional().describe("decimal mark of amounts such as 1.299"),
    values: z
      .record(text, text)
      .optional()
      .describe(
        `what cells mean, by their text in lower case; of a type ${EVENT_TYPES.join(", ")}, or ${SKIP} to leave the row out`,
      ),
    property: text.min(1).optional().describe("keeps the column as a property of this name"),
    ignore: z.literal(true).optional().describe("leaves the column out"),
  })
  .refine(
    (column) =>
      [column.field, column.property, column.ignore].filter((one) => one !== undefined).length ===
      1,
    { error: "expected one of field, property and ignore" },
  );

const mappingSchema = z.strictObject({
  version: z.literal(1),
  kind: z.enum(KINDS),
  preset: text
    .optional()
    .describe("the tool whose export the file is: its columns and those that are made of them"),
  columns: z
    .record(text, columnSchema)
    .refine((columns) => Object.keys(columns).length <= MAX_COLUMNS, {
      error: `expected at most ${MAX_COLUMNS} columns`,
    })
    .describe("by the column's name; a column that is not named is left out"),
  defaults: z
    .record(text, text)
    .optional()
    .describe("a field's value where no cell gives one, such as currency EUR"),
  userFrom: z
    .literal("orderId")
    .optional()
    .describe("takes a row without a customer, with its order's ID as the customer"),
});

export type ColumnMapping = Readonly<z.infer<typeof columnSchema>>;
export type Mapping = Readonly<z.infer<typeof mappingSchema>>;

/** The published schema of a mapping's file: JSON Schema 2020-12. */
export function mappingJsonSchema(): object {
  return z.toJSONSchema(mappingSchema, { unrepresentable: "any" });
}

/**
 * Checks a mapping, as JSON brings it.
 * @throws ImportError `mapping` naming the place and what was expected
 */
export function checkMapping(value: unknown): Mapping {
  const read = mappingSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const place = issue?.path.join(".") ?? "";
    throw new ImportError(
      "mapping",
      `the mapping${place === "" ? "" : `'s ${place}`}: ${issue?.message ?? "not a mapping"}`,
    );
  }
  const mapping = read.data;
  const fields: readonly string[] = FIELDS[mapping.kind];
  const named = Object.entries(mapping.columns).flatMap(([column, { field }]) =>
    field === undefined ? [] : [[`columns.${column}.field`, field] as const],
  );
  const defaults = Object.keys(mapping.defaults ?? {}).map(
    (field) => [`defaults.${field}`, field] as const,
  );
  for (const [place, field] of [...named, ...defaults]) {
    if (fields.includes(field)) continue;
    throw new ImportError(
      "mapping",
      `the mapping's ${place}: ${field} is no field of ${mapping.kind}; expected one of ${fields.join(", ")}`,
    );
  }
  checkConstants(mapping);
  return mapping;
}

function checkConstants({ defaults, columns }: Mapping): void {
  for (const field of ["currency", "target"]) {
    const code = defaults?.[field];
    if (code === undefined || isCurrency(code)) continue;
    throw new ImportError(
      "mapping",
      `the mapping's defaults.${field}: expected an ISO 4217 code such as EUR, got "${code}"`,
    );
  }
  checkType("defaults.type", defaults?.["type"]);
  for (const [column, { field, values }] of Object.entries(columns)) {
    if (field !== "type") continue;
    for (const [word, type] of Object.entries(values ?? {})) {
      if (type !== SKIP) checkType(`columns.${column}.values.${word}`, type);
    }
  }
}

function checkType(place: string, type: string | undefined): void {
  if (type === undefined || EVENT_TYPES.some((known) => known === type)) return;
  throw new ImportError(
    "mapping",
    `the mapping's ${place}: expected one of ${EVENT_TYPES.join(", ")}, got "${type}"`,
  );
}

/** Reads a mapping's file. @throws ImportError `mapping` */
export function parseMapping(json: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ImportError("mapping", "the mapping is not JSON");
  }
  return checkMapping(value);
}

/** Names of columns of ours begin so: those of a reject file, and those that a preset fills. */
export const OWN_PREFIX = "tributary_";

/** Columns that a reject file has beside the file's own. */
export const REJECT_COLUMNS = [
  "tributary_line",
  "tributary_column",
  "tributary_value",
  "tributary_reason",
] as const;

/** Names a file's header, in whatever order its columns are and without ours: first 16 hexadecimal digits of a SHA-256. */
export function headerDigest(columns: readonly string[]): string {
  const names = columns
    .map((column) => column.trim())
    .filter((column) => !column.startsWith(OWN_PREFIX))
    .toSorted();
  return createHash("sha256").update(JSON.stringify(names)).digest("hex").slice(0, 16);
}

/** The columns that fill a field, in the mapping's order. */
export function columnsOf(mapping: Mapping, field: Field): [string, ColumnMapping][] {
  return Object.entries(mapping.columns).filter(([, column]) => column.field === field);
}

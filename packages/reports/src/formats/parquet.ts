import type { WarehouseEngine } from "@tributary/warehouse";
import { z } from "zod";
import { reportSchema } from "../answers/attribution.ts";
import type { Attribution } from "../attribution/attribution.ts";

export const PARQUET_TYPE = "application/vnd.apache.parquet";

/** What of a field's JSON Schema decides its column's type. */
interface Property {
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly anyOf?: readonly Property[];
}

/**
 * A report's rows as Apache Parquet: texts, exact decimals of 12 digits after the point, and floats; lists and objects as JSON.
 * A column's type follows from the report's schema, not from its rows.
 * @param answer the report's schema, with `rows`
 * @throws WarehouseError as {@link WarehouseEngine.query}
 */
export async function rowsParquet(
  engine: WarehouseEngine,
  rows: readonly Readonly<Record<string, unknown>>[],
  answer: z.ZodType,
): Promise<Buffer> {
  const properties = rowProperties(answer);
  const present =
    rows.length === 0
      ? Object.keys(properties)
      : [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = present.map((name) => ({ name, type: typeOf(properties[name]) }));
  const structure = columns.map(({ name, type }) => `\`${name}\` ${type}`).join(", ");
  const lines = rows.map((row) =>
    JSON.stringify(
      Object.fromEntries(
        columns.map(({ name, type }) => {
          const value = row[name];
          const isJson = type === TEXT && typeof value === "object" && value !== null;
          return [name, isJson ? JSON.stringify(value) : value];
        }),
      ),
    ),
  );
  // An empty text would have no columns to read.
  return engine.queryParquet(
    `SELECT * FROM format(JSONEachRow, {structure:String}, {rows:String}) LIMIT ${rows.length}`,
    { structure, rows: rows.length === 0 ? "{}" : lines.join("\n") },
  );
}

/** A report of attribution as {@link rowsParquet} writes it. */
export async function attributionParquet(
  engine: WarehouseEngine,
  { rows }: Attribution,
): Promise<Buffer> {
  return rowsParquet(
    engine,
    rows.map((row) => ({ ...row })),
    reportSchema,
  );
}

const TEXT = "Nullable(String)";

function rowProperties(answer: z.ZodType): Readonly<Record<string, Property>> {
  const schema = z.toJSONSchema(answer, { io: "output" });
  const { rows } = (schema.properties ?? {}) as Record<
    string,
    { items?: { properties?: Record<string, Property> } } | undefined
  >;
  return rows?.items?.properties ?? {};
}

/** Dimensions, which no schema has, are texts. */
function typeOf(property: Property | undefined): string {
  const types = property?.anyOf ?? [property];
  if (types.some((one) => [one?.type].flat().includes("number"))) return "Nullable(Float64)";
  if (types.some((one) => [one?.type].flat().includes("boolean"))) return "Nullable(Bool)";
  const isDecimal = types.some((one) => one?.type === "string" && one.pattern !== undefined);
  return isDecimal ? "Nullable(Decimal(38, 12))" : TEXT;
}

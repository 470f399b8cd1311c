/** SQL of a tenant's names: the tables with the name that each name stands for. */
import { SPACES, type Names } from "@tributary/attribution";
import { DIMENSION_FIELDS, type DimensionField } from "@tributary/protocol";
import type { QueryParameters } from "../engine/engine.ts";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE } from "../engine/schema.ts";

/** White space as a class of RE2, in a literal of SQL. */
const SPACES_SQL = `[${SPACES.replaceAll(/\\u([0-9A-F]{4})/g, "\\x{$1}").replaceAll("\\", "\\\\")}]+`;

/**
 * The table of facts, for FROM. Its rows have the names that a tenant's stand for; the table itself has them as they were sent.
 * @param isFinal whether each fact is in it once
 */
export function factsTable(names: Names | undefined, isFinal: boolean): string {
  return named(EVENTS_TABLE, isFinal, names, (field) => [
    field,
    `toLowCardinality(${nameSql(names, field, field)})`,
  ]);
}

/** The table of results, for FROM, each result once. Names are as in {@link factsTable}. */
export function resultsTable(names: Names | undefined): string {
  const table = named(ATTRIBUTIONS_TABLE, true, names, (field) => [
    `touch_${field}`,
    `arrayMap(touch -> ${nameSql(names, field, "touch")}, touch_${field})`,
  ]);
  // A join wants an alias of a subquery.
  return hasOwnNames(names) ? `${table} AS result` : table;
}

/** Whether {@link factsTable} is a table, which has PREWHERE. */
export function hasOwnNames(names: Names | undefined): boolean {
  return DIMENSION_FIELDS.some((field) => names?.changes(field) === true);
}

/** The parameters that the SQL of a tenant's names is bound to. */
export function namesParameters(names: Names | undefined): QueryParameters {
  const parameters: Record<string, readonly string[]> = {};
  for (const field of DIMENSION_FIELDS) {
    const aliases = names?.aliasesOf(field);
    if (aliases === undefined || aliases.size === 0) continue;
    parameters[`names_${field}`] = [...aliases.keys()];
    parameters[`aliases_${field}`] = [...aliases.values()];
  }
  return parameters;
}

function named(
  table: string,
  isFinal: boolean,
  names: Names | undefined,
  columnOf: (field: DimensionField) => readonly [column: string, sql: string],
): string {
  const from = `${table}${isFinal ? " FINAL" : ""}`;
  if (!hasOwnNames(names)) return from;
  const columns = DIMENSION_FIELDS.filter((field) => names?.changes(field) === true)
    .map(columnOf)
    .map(([column, sql]) => `${sql} AS ${column}`);
  return `(SELECT * REPLACE (${columns.join(", ")}) FROM ${from} WHERE tenant = {tenant:String})`;
}

/** SQL of the name that a name stands for, as {@link Names.of} has it. A dictionary's names are computed once each. */
function nameSql(names: Names | undefined, field: DimensionField, column: string): string {
  const compared =
    names?.folds(field) === true
      ? `lowerUTF8(trimBoth(replaceRegexpAll(${column}, '${SPACES_SQL}', ' ')))`
      : column;
  if (names === undefined || names.aliasesOf(field).size === 0) return compared;
  return `transform(${compared}, {names_${field}:Array(String)}, {aliases_${field}:Array(String)}, ${compared})`;
}

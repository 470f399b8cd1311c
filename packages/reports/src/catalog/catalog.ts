/**
 * Reports beside attribution: what happened, which paths were taken, who assisted, how long it took, what it cost.
 *
 * A new one is a file beside this that declares it with `report()`, and its line in {@link CATALOG}: its path, validation,
 * description, CSV, Parquet and the answer of a data folder follow from those.
 */
import { assists } from "./assists.ts";
import { changes } from "./changes.ts";
import { cost } from "./cost.ts";
import { counts } from "./counts.ts";
import { timeToConvert } from "./time-to-convert.ts";
import { paths } from "./top-paths.ts";
import type { CatalogReport } from "./report.ts";

/** By the last part of their path. */
export const CATALOG = {
  counts,
  paths,
  assists,
  "time-to-convert": timeToConvert,
  changes,
  cost,
} as const satisfies Readonly<Record<string, CatalogReport>>;

export type ReportName = keyof typeof CATALOG;

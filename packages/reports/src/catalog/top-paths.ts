import { tabulatePaths, transformPaths, type PathTransform } from "@tributary/attribution";
import { formatDecimal } from "@tributary/protocol";
import {
  attributionReport,
  NO_VALUE,
  openJourneys,
  touchDimensions,
  type AttributionQuestion,
  type WarehouseEngine,
} from "@tributary/warehouse";

/** Transforms whose paths can be read as names; `frequency` tells one name's touches apart by a number. */
export const SHOWN_TRANSFORMS = [
  "unique",
  "exposure",
  "first",
] as const satisfies readonly PathTransform[];

export interface PathsQuestion extends Pick<
  AttributionQuestion,
  "tenant" | "from" | "to" | "asOf"
> {
  readonly by: AttributionQuestion["by"];
  readonly transform: (typeof SHOWN_TRANSFORMS)[number];
  readonly nonConverting: boolean;
  /** Most paths; the rest is summed. */
  readonly limit: number;
}

interface Money {
  readonly currency: string;
  /** Exact decimal text. */
  readonly value: string;
}

/** Journeys that took one path, or several together. */
export interface PathAmounts {
  readonly conversions: number;
  /** Net, by currency. */
  readonly value: readonly Money[];
  /** Journeys that did not convert. */
  readonly nonConverting: number;
}

export interface PathsReport {
  readonly rows: readonly (PathAmounts & {
    /** Names joined by " > "; "" for conversions without a touchpoint. */
    readonly path: string;
    readonly touchpoints: number;
  })[];
  /** The paths that are not shown. */
  readonly rest: PathAmounts & { readonly paths: number };
  readonly totals: PathAmounts & { readonly paths: number };
}

interface Sum {
  path: readonly string[];
  conversions: number;
  values: Map<string, bigint>;
  nonConverting: number;
}

/**
 * The paths that most conversions took, then most journeys without one. Rows and rest sum to the totals to the last digit.
 * @throws WarehouseError `report_too_large` over the paths of a report, and as the engine's query
 */
export async function topPaths(
  engine: WarehouseEngine,
  question: PathsQuestion,
): Promise<PathsReport> {
  const { by, transform, limit, tenant } = question;
  const times = {
    ...(question.from === undefined ? {} : { from: question.from }),
    ...(question.to === undefined ? {} : { to: question.to }),
    ...(question.asOf === undefined ? {} : { asOf: question.asOf }),
  };
  const asked = { tenant, by, ...times };
  const { paths } = await attributionReport(engine, { ...asked, models: [], withPaths: true });
  const open = question.nonConverting ? await openJourneys(engine, asked) : [];
  const sums = new Map<string, Sum>();
  const sumOf = (path: readonly string[]): Sum => {
    const key = JSON.stringify(path);
    const known = sums.get(key);
    if (known !== undefined) return known;
    const sum: Sum = { path, conversions: 0, values: new Map(), nonConverting: 0 };
    sums.set(key, sum);
    return sum;
  };
  for (const { path, currency, conversions, value } of paths) {
    const sum = sumOf(simplified(path, transform));
    sum.conversions += conversions;
    sum.values.set(currency, (sum.values.get(currency) ?? 0n) + value);
  }
  for (const { path, journeys } of open) {
    sumOf(simplified(path, transform)).nonConverting += journeys;
  }
  const sorted = [...sums.entries()]
    .sort(
      ([nameA, a], [nameB, b]) =>
        b.conversions - a.conversions ||
        b.nonConverting - a.nonConverting ||
        (nameA < nameB ? -1 : 1),
    )
    .map(([, sum]) => sum);
  const rest = sorted.slice(limit);
  return {
    rows: sorted.slice(0, limit).map((sum) => ({
      path: sum.path.map((touch) => nameOf(touch, by.length)).join(" > "),
      touchpoints: sum.path.length,
      ...amountsOf([sum]),
    })),
    rest: { paths: rest.length, ...amountsOf(rest) },
    totals: { paths: sorted.length, ...amountsOf(sorted) },
  };
}

/** One path as a model over paths would see it. */
function simplified(path: readonly string[], transform: PathTransform): readonly string[] {
  if (transform === "unique" || path.length < 2) return path;
  const table = tabulatePaths([{ path, conversions: 1, value: 0, nulls: 0 }]);
  const { channels, touches, touchChannels } = transformPaths(table, transform);
  return Array.from(touches, (touch) => channels[touchChannels[touch] ?? 0] ?? "");
}

function nameOf(touch: string, dimensions: number): string {
  return touchDimensions(touch, dimensions)
    .map((text) => text || NO_VALUE)
    .join(" / ");
}

function amountsOf(sums: readonly Sum[]): PathAmounts {
  const values = new Map<string, bigint>();
  for (const sum of sums) {
    for (const [currency, value] of sum.values) {
      values.set(currency, (values.get(currency) ?? 0n) + value);
    }
  }
  return {
    conversions: sums.reduce((total, { conversions }) => total + conversions, 0),
    value: [...values]
      .filter(([currency, value]) => currency !== "" || value !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, value]) => ({ currency, value: formatDecimal(value) })),
    nonConverting: sums.reduce((total, { nonConverting }) => total + nonConverting, 0),
  };
}

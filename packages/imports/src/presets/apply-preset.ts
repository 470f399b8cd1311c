import { ImportError } from "../errors.ts";
import type { Table, TableRow } from "../file/table.ts";
import type { Kind } from "../mapping/fields.ts";
import type { Choices } from "../mapping/propose.ts";
import { adjustCallbacks } from "./adjust.ts";
import { appsFlyerRawData } from "./appsflyer.ts";
import { ga4Export } from "./ga4.ts";
import { googleAds, linkedInAds, metaAds, microsoftAds } from "./ad-platforms.ts";
import { matomoConversions, matomoVisits } from "./matomo.ts";
import {
  ColumnsByName,
  derivedColumn,
  presetChoices,
  type CellOf,
  type Meaning,
  type Preset,
} from "./preset.ts";
import { segmentEvents } from "./segment.ts";
import { shopifyOrders } from "./shopify.ts";
import { snowplowEvents } from "./snowplow.ts";
import { addUpSpend } from "./spend-sums.ts";
import { wooCommerceOrders } from "./woocommerce.ts";

/** All presets; of several that recognize a file the first is taken. */
export const PRESETS: readonly Preset[] = [
  ga4Export,
  shopifyOrders,
  wooCommerceOrders,
  appsFlyerRawData,
  adjustCallbacks,
  snowplowEvents,
  segmentEvents,
  matomoVisits,
  matomoConversions,
  metaAds,
  linkedInAds,
  microsoftAds,
  googleAds,
];

/** A file as a preset understands it. */
export interface PresetTable {
  readonly preset: Preset;
  /** The file's columns and, after them, those that the preset fills. */
  readonly table: Table;
  /** What it decides about the mapping. A person's own choices go before it. */
  readonly choices: Choices;
}

/** The preset that recognizes a file by its header. @param kind only one of this kind */
export function findPreset(columns: readonly string[], kind?: Kind): Preset | undefined {
  const { has } = new ColumnsByName(columns);
  return PRESETS.find(
    (preset) => (kind === undefined || preset.kind === kind) && preset.recognizes(has),
  );
}

/** The preset of a name. @throws ImportError `mapping` where there is none */
export function presetNamed(name: string): Preset {
  const found = PRESETS.find((preset) => preset.name === name);
  if (found !== undefined) return found;
  const names = PRESETS.map((preset) => preset.name).join(", ");
  throw new ImportError("mapping", `there is no preset ${name.slice(0, 64)}; expected ${names}`);
}

/**
 * Reads a table by a preset. A row may mean several events: it then stands there as often, with its line. Rows of spend
 * that a mapping could not tell apart are added up.
 */
export function applyPreset(table: Table, preset: Preset): PresetTable {
  const derived = preset.derived.map(derivedColumn);
  // A reject file has the derived columns already: they are derived anew.
  const own = table.columns.filter((column) => !derived.includes(column));
  const columns = [...own, ...derived];
  const places = own.map((column) => table.columns.indexOf(column));
  const used = new Set<string>();
  const choices = { ...presetChoices(preset, columns), used };
  const shaped: Table = {
    ...table,
    columns,
    rows: () => readRows(table, preset, places, used),
    said: [...table.said, ...preset.notes],
  };
  return { preset, choices, table: preset.kind === "spend" ? addUpSpend(shaped, choices) : shaped };
}

/**
 * @param places of the file's own columns among its cells
 * @param used takes the names of the columns that are read
 */
async function* readRows(
  table: Table,
  preset: Preset,
  places: readonly number[],
  used: Set<string>,
): AsyncGenerator<readonly TableRow[]> {
  const reader = preset.reader?.();
  if (reader === undefined) {
    yield* table.rows();
    return;
  }
  const names = new ColumnsByName(table.columns);
  let cells: readonly string[] = [];
  const cell: CellOf = (column) => {
    const place = names.placeOf(column);
    if (place < 0) return "";
    used.add(table.columns[place] ?? "");
    return cells[place] ?? "";
  };
  for await (const batch of table.rows()) {
    const rows: TableRow[] = [];
    for (const row of batch) {
      if (row.problem !== undefined) {
        rows.push(row);
        continue;
      }
      cells = row.cells;
      const own = places.map((place) => cells[place] ?? "");
      const meanings = reader(cell);
      if ("problem" in meanings) {
        rows.push({ line: row.line, cells: own, problem: meanings.problem });
        continue;
      }
      for (const one of meanings) {
        rows.push({
          line: row.line,
          cells: [...own, ...derivedCells(one, preset)],
          problem: undefined,
        });
      }
    }
    yield rows;
  }
}

function derivedCells(meaning: Meaning, { derived }: Preset): string[] {
  return derived.map((field) => meaning[field] ?? "");
}

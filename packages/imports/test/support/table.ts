import { unpack } from "msgpackr";
import { checkEvents, type CheckCounts, noCounts } from "../../src/check/check-events.ts";
import type { RowSource } from "../../src/mapping/look.ts";
import type { Mapping } from "../../src/mapping/mapping.ts";
import type { RowEvent } from "../../src/rows/event-row.ts";
import type { RefusedRow } from "../../src/rows/refused.ts";

/** A table of plain CSV lines, without quotes. */
export function tableOf(text: string, separator = ","): RowSource {
  const [header = "", ...lines] = text.trim().split("\n");
  return {
    columns: header.split(separator),
    async *rows() {
      yield lines.map((line, i) => ({
        line: i + 2,
        cells: line.split(separator),
        problem: undefined,
      }));
    },
  };
}

export interface Checked {
  readonly events: readonly (RowEvent & { readonly id: string })[];
  readonly refused: readonly RefusedRow[];
  readonly differing: readonly number[];
  readonly counts: CheckCounts;
  /** Of the ledger, in hexadecimal digits. */
  readonly rows: readonly string[];
}

const LIMITS = { maxEventBytes: 32_768, maxFutureMs: 86_400_000 };

/** All that a check finds. */
export async function checkAll(
  source: RowSource,
  mapping: Mapping,
  { batchEvents = 3, maxRows = 1000 } = {},
): Promise<Checked> {
  const counts = noCounts();
  const refused: RefusedRow[] = [];
  const differing: number[] = [];
  const events: (RowEvent & { id: string })[] = [];
  const rows: string[] = [];
  for await (const batch of checkEvents(source, mapping, counts, {
    limits: LIMITS,
    batchEvents,
    maxRows,
    refused: (row) => refused.push(row),
    differing: (line) => differing.push(line),
  })) {
    events.push(...(unpack(batch.body) as (RowEvent & { id: string })[]));
    for (let at = 0; at < batch.rows.length; at += 24) {
      rows.push(batch.rows.subarray(at, at + 24).toString("hex"));
    }
  }
  return { events, refused, differing, counts, rows };
}

/** What the steps of an import share. */
import { headerDigest, type Table } from "@tributary/imports";
import type { ImportClient } from "../client/import-client.ts";
import type { ReportsClient } from "../client/reports-client.ts";
import type { CommandContext } from "../context.ts";
import type { ChosenMapping } from "./choose-mapping.ts";
import type { ImportFlags } from "./flags.ts";
import type { RejectFile } from "./reject-file.ts";
import type { ImportSummary } from "./summary.ts";

/** A reports service, by what the keys may do. */
export interface ImportReports {
  readonly ledger: ImportClient;
  readonly reader: ReportsClient;
}

/** An opened file. */
export interface OpenedFile {
  /** Its name in messages, and in the ledger. */
  readonly name: string;
  readonly table: Table;
  /** On disk. */
  readonly bytes: number;
}

/** What the steps of an import share. */
export interface Step {
  readonly file: OpenedFile;
  readonly chosen: ChosenMapping;
  readonly rejects: RejectFile;
  readonly flags: ImportFlags;
  readonly context: CommandContext;
  readonly signal: AbortSignal;
  /** Undefined where no platform runs and nothing is to be sent. */
  readonly reports: ImportReports | undefined;
  readonly gatewayUrl: string | undefined;
}

export function reportsOf({ reports }: Step): ImportReports {
  if (reports === undefined) throw new Error("nothing is sent without a platform");
  return reports;
}

export function begunOf({ file, chosen }: Step): object {
  const { mapping } = chosen;
  const header = headerDigest(file.table.columns);
  return { kind: mapping.kind, file: file.name.slice(0, 512), header, mapping };
}

export function summaryOf({ file, chosen, rejects, flags }: Step, rows: number): ImportSummary {
  const { mapping, from, unmapped } = chosen;
  return {
    file: file.name,
    kind: mapping.kind,
    import: null,
    dryRun: flags.dryRun === true,
    sent: false,
    rows,
    new: 0,
    present: 0,
    repeated: 0,
    skipped: 0,
    refused: rejects.count,
    differing: 0,
    differingLines: [],
    refusals: rejects.items,
    rejects: rejects.count === 0 ? null : rejects.path,
    notRead: [...chosen.table.skipped],
    unmapped,
    mapping,
    mappingFrom: from,
  };
}

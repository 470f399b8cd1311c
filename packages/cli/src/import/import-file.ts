/** The command `import`, from its flags to its output. */
import { stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Interrupt } from "@tributary/platform/client";
import { describeError } from "@tributary/platform/errors";
import { ImportError, KnownRows, openTable } from "@tributary/imports";
import { runningPlatform, type PlatformAddress } from "../client/find-platform.ts";
import { GatewayClient } from "../client/gateway-client.ts";
import { ImportClient } from "../client/import-client.ts";
import { ReportsClient } from "../client/reports-client.ts";
import type { CommandContext } from "../context.ts";
import { CliError, EXIT } from "../errors.ts";
import { interruptible } from "../interaction/interruptible.ts";
import { onPlatform } from "../platform/on-platform.ts";
import { keepInput } from "../replay/sources/file-content.ts";
import { chooseMapping, type ChosenMapping } from "./choose-mapping.ts";
import { type ImportFlags, tableOptions } from "./flags.ts";
import { checkDayFile, storeDayFile } from "./import-days.ts";
import { checkFile, sendEvents } from "./import-events.ts";
import { RejectFile } from "./reject-file.ts";
import {
  begunOf,
  type ImportReports,
  type OpenedFile,
  reportsOf,
  type Step,
  summaryOf,
} from "./step.ts";
import { type ImportSummary, printSummary } from "./summary.ts";

/**
 * Imports a file of events, spend or rates, or with `--dry-run` checks it, and prints a summary. Exit code 1 where a row was refused.
 * @param path `-` for standard input
 * @param print shows the summary
 * @throws CliError `usage`, `file`, `timeout`, `refused`, `no_platform`
 */
export async function importFile(
  path: string,
  flags: ImportFlags,
  context: CommandContext,
  print: (summary: ImportSummary) => void = (summary) =>
    printSummary(summary, flags, context.terminal),
): Promise<void> {
  if (path !== "-") return importPath(path, basename(path), flags, context, print);
  const kept = await keepInput(process.stdin);
  try {
    await importPath(kept.path, "standard input", flags, context, print);
  } finally {
    await kept.remove();
  }
}

async function importPath(
  path: string,
  name: string,
  flags: ImportFlags,
  context: CommandContext,
  print: (summary: ImportSummary) => void,
): Promise<void> {
  await interruptible(context, async (signal, interrupt) => {
    try {
      const table = await openTable(path, tableOptions(flags, name));
      for (const said of table.said) context.terminal.note(said);
      const file: OpenedFile = { name, table, bytes: (await stat(path)).size };
      await whereItGoes(file, flags, context, signal, interrupt, print);
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      throw new CliError(error.code === "mapping" ? "usage" : "file", error.message);
    }
  });
}

/** With `--dry-run` no platform is started: a running one says which rows are there. */
async function whereItGoes(
  file: OpenedFile,
  flags: ImportFlags,
  context: CommandContext,
  signal: AbortSignal,
  interrupt: Interrupt,
  print: (summary: ImportSummary) => void,
): Promise<void> {
  const run = async (address: PlatformAddress | undefined, until: AbortSignal): Promise<void> => {
    const summary = await importTable(file, flags, context, address, until);
    print(summary);
    if (summary.refused > 0) context.exit(EXIT.failed);
  };
  const isAddressed = flags.url !== undefined || (await runningPlatform(flags.data)) !== undefined;
  if (flags.dryRun === true && !isAddressed) return run(undefined, signal);
  // Spend and rates go to the reports alone.
  if (flags.kind !== undefined && flags.kind !== "events" && flags.reportsUrl !== undefined) {
    return run({ gatewayUrl: "", reportsUrl: flags.reportsUrl }, signal);
  }
  await onPlatform(flags, context, interrupt, run);
}

async function importTable(
  file: OpenedFile,
  flags: ImportFlags,
  context: CommandContext,
  address: PlatformAddress | undefined,
  signal: AbortSignal,
): Promise<ImportSummary> {
  const reports = address === undefined ? undefined : clientsOf(address, flags, context, signal);
  const remembered = async (header: string): Promise<unknown> =>
    reports === undefined ? null : reports.ledger.mapping(header);
  const chosen = await chooseMapping(file.table, flags, remembered, context, signal);
  if (flags.saveMapping !== undefined) await saveMapping(flags.saveMapping, chosen);
  const rejects = new RejectFile(
    flags.rejects ?? `${file.name.replaceAll(/[/\\]/g, "-")}.rejects.csv`,
    chosen.table.columns,
  );
  const step: Step = {
    file,
    chosen,
    rejects,
    flags,
    context,
    signal,
    reports,
    gatewayUrl: address?.gatewayUrl,
  };
  try {
    return chosen.mapping.kind === "events" ? await importEvents(step) : await importDays(step);
  } finally {
    await rejects.close();
  }
}

/** The ledger takes an import key, and whoever waits a read key. */
function clientsOf(
  { reportsUrl }: PlatformAddress,
  flags: ImportFlags,
  context: CommandContext,
  signal: AbortSignal,
): ImportReports {
  const { importKey, readKey } = context.config();
  return {
    ledger: new ImportClient(new ReportsClient(reportsUrl, flags.importKey ?? importKey, signal)),
    reader: new ReportsClient(reportsUrl, flags.readKey ?? readKey, signal),
  };
}

async function importEvents(step: Step): Promise<ImportSummary> {
  const { file, chosen, rejects, flags, context, signal, reports } = step;
  const { terminal } = context;
  // Loaded here because it brings the whole gateway.
  const { readConfig } = await import("@tributary/gateway");
  const limits = readConfig(context.config().environment);
  const { spool, counts, differing } = await checkFile(chosen.table, chosen.mapping, {
    limits,
    batchEvents: flags.batch,
    totalBytes: file.bytes,
    rejects,
    terminal,
    signal,
  });
  try {
    const find = reports === undefined ? async () => [] : reports.ledger.find;
    const known = await KnownRows.find(spool.rows, find);
    const lines = [...differing, ...knownDiffering(spool.lines(), known)];
    const summary: ImportSummary = {
      ...summaryOf(step, counts.rows),
      new: spool.length - known.present,
      present: known.present,
      repeated: counts.repeated,
      differing: counts.differing + known.differing,
      differingLines: lines.slice(0, NAMED_LINES),
      skipped: counts.skipped,
    };
    if (!isToBeSent(step, summary)) return summary;
    return await sendFile(step, summary, spool, known);
  } finally {
    await spool.remove();
  }
}

const NAMED_LINES = 20;

function* knownDiffering(lines: Iterable<number>, known: KnownRows): Generator<number> {
  if (known.differing === 0) return;
  let place = 0;
  for (const line of lines) {
    if (known.isDiffering(place)) yield line;
    place += 1;
  }
}

/** Whether there is anything to send: all or nothing, unless `--partly`. */
function isToBeSent({ flags, reports }: Step, { refused, new: fresh }: ImportSummary): boolean {
  if (flags.dryRun === true || reports === undefined) return false;
  return fresh > 0 && (refused === 0 || flags.partly === true);
}

async function sendFile(
  step: Step,
  checked: ImportSummary,
  spool: Parameters<typeof sendEvents>[0],
  known: KnownRows,
): Promise<ImportSummary> {
  const { flags, context, signal, gatewayUrl = "" } = step;
  const { terminal } = context;
  const { ledger, reader } = reportsOf(step);
  const { import: id, tenant } = await ledger.begin(begunOf(step));
  const deadlineMs = flags.timeout === undefined ? undefined : Date.now() + flags.timeout * 1000;
  const client = new GatewayClient({
    url: gatewayUrl,
    key: flags.key ?? context.config().key,
    tenant,
    connections: flags.concurrency,
    signal,
    deadlineMs,
    waiting: (reason) => terminal.note(`waiting to send: ${reason}`),
  });
  try {
    const record = async (rows: Buffer): Promise<void> => ledger.record(id, rows);
    const { concurrency } = flags;
    const sent = await sendEvents(spool, known, { client, record, concurrency, terminal });
    const { rows, present, repeated, differing, refused } = checked;
    await ledger.end(id, {
      rows,
      newRows: sent.new,
      presentRows: present + repeated,
      differingRows: differing,
      refusedRows: refused + sent.refusals.length,
    });
    terminal.note("waiting until everything is attributed");
    await reader.settled(deadlineMs);
    return {
      ...checked,
      import: id,
      new: sent.new,
      sent: true,
      refused: refused + sent.refusals.length,
      refusals: [...checked.refusals, ...sent.refusals],
    };
  } finally {
    await client.close();
  }
}

async function importDays(step: Step): Promise<ImportSummary> {
  const { chosen, rejects } = step;
  const rows = await checkDayFile(chosen.table, chosen.mapping, rejects);
  const summary: ImportSummary = {
    ...summaryOf(step, rows.length + rejects.count),
    new: rows.length,
  };
  if (!isToBeSent(step, summary)) return summary;
  const stored = await storeDayFile(reportsOf(step).ledger, begunOf(step), rows, rejects.count);
  return { ...summary, ...stored, sent: true };
}

async function saveMapping(path: string, { mapping }: ChosenMapping): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(mapping, null, 2)}\n`);
  } catch (error) {
    throw new CliError("file", `--save-mapping ${path}: ${describeError(error)}`);
  }
}

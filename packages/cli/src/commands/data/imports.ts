/** Commands that import and list data beside the events: spend, and exchange rates. */
import type { Command } from "commander";
import type { ImportFlags } from "../../import/flags.ts";
import type { ImportSummary } from "../../import/summary.ts";
import { instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { counted } from "../../terminal/figures.ts";
import { renderRows } from "../../report/rows-table.ts";
import {
  addReportsAddress,
  addReportsOptions,
  addZoneOption,
  onReports,
  type ReportsFlags,
} from "../../options/reports.ts";
import { printSummary } from "../../import/summary.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { addFileOptions, addMappingOptions } from "./import.ts";

interface Flags extends ReportsFlags {
  readonly from?: string;
  readonly to?: string;
  readonly timeZone?: string;
}

type Name = "spend" | "rates";

/** The rows of each file, for the help. */
const ROWS: Readonly<Record<Name, string>> = {
  spend: `  day,source,medium,campaign,amount,currency
  2026-10-01,google,cpc,autumn,120.50,EUR

Dimensions are any of channel, source, medium, campaign, term and content. A row without a channel gets the one that
a click with its dimensions has. A later import replaces the row of the same day and dimensions.`,
  rates: `  day,currency,target,rate
  2026-10-01,USD,EUR,0.92

From its day on, until the next rate, one unit of currency is worth rate units of target.`,
};

/** `spend`: advertising spend. */
export function spendCommand(command: Command, context: CommandContext): void {
  addImportAndList("spend", command, context);
}

/** `rates`: exchange rates. */
export function ratesCommand(command: Command, context: CommandContext): void {
  addImportAndList("rates", command, context);
}

function addImportAndList(name: Name, command: Command, context: CommandContext): void {
  const add = command
    .command("import")
    .description("import a file, as `tributary import` does: all of its rows, or none")
    .argument("<file>", "CSV, JSON lines or XLSX with a header row");
  addMappingOptions(addReportsAddress(add, "import key (default: TRIBUTARY_IMPORT_KEY)"));
  addFileOptions(add)
    .addHelpText("after", `\nRows, or columns that mean the same:\n${ROWS[name]}`)
    .action(async (file: string, flags: ImportFlags & ReportsFlags) => {
      const { importFile } = await import("../../import/import-file.ts");
      await importFile(file, importFlags(name, flags), context, (summary) =>
        printImported(summary, flags, context.terminal),
      );
    });
  const list = command.command("list").description(`list the valid ${name}, oldest first`);
  if (name === "spend") {
    addZoneOption(
      list
        .option("--from <day>", "from this day on: 2026-10-01", instant)
        .option("--to <day>", "before this day", instant),
    );
  }
  addReportsOptions(list).action(async (flags: Flags) =>
    onReports(flags, context, "readKey", async (reports) => {
      const { from, to, timeZone } = flags;
      const parameters = {
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(timeZone === undefined ? {} : { timeZone }),
      };
      const answer = await reports.listRows(name, parameters);
      if (flags.json === true) return JSON.stringify(answer);
      return answer.rows.length === 0 ? `No ${name} imported.` : renderRows(answer);
    }),
  );
}

/** A proposal that leaves nothing open needs no acceptance here: the command says what the file holds. */
function importFlags(name: Name, { url, key, ...flags }: ImportFlags & ReportsFlags): ImportFlags {
  return {
    ...flags,
    kind: name,
    yes: true,
    ...(url === undefined ? {} : { reportsUrl: url }),
    ...(key === undefined ? {} : { importKey: key }),
  };
}

/** As `import` does where not all of the file was taken. */
function printImported(summary: ImportSummary, flags: ImportFlags, terminal: Terminal): void {
  const imported = summary.sent ? summary.rows - summary.refused : 0;
  if (summary.refused > 0) printSummary(summary, flags, terminal);
  else if (flags.json === true) terminal.print(JSON.stringify({ imported }));
  else terminal.print(`${counted(imported, "row")} imported.`);
}

/** Commands that import and list data beside the events: spend, and exchange rates. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describeFileError } from "@tributary/platform/errors";
import { CliError } from "../../errors.ts";
import { instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { counted } from "../../terminal/figures.ts";
import { renderRows } from "../../report/rows-table.ts";
import {
  addReportsOptions,
  addZoneOption,
  onReports,
  type ReportsFlags,
} from "../../options/reports.ts";

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
    .description("import a CSV file: all of its rows, or none")
    .argument("<file>", "CSV with a header row");
  addReportsOptions(add)
    .addHelpText("after", `\nRows:\n${ROWS[name]}`)
    .action(async (file: string, flags: Flags) =>
      onReports(flags, context, "readKey", async (reports) => {
        const imported = await reports.importRows(name, await textOf(file));
        if (flags.json === true) return JSON.stringify({ imported });
        return `${counted(imported, "row")} imported.`;
      }),
    );
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

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliError("file", `${file} cannot be read: ${describeFileError(error)}`);
  }
}

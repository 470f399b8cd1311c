/** Commands for what people give beside events: what was spent, and rates of currencies. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describeError } from "@tributary/platform/errors";
import { CliError } from "../../errors.ts";
import { instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderRows } from "../../report/rows-table.ts";
import { addReportsOptions, onReports, type ReportsFlags } from "../../client/ask-reports.ts";

interface Flags extends ReportsFlags {
  readonly from?: string;
  readonly to?: string;
}

type Name = "spend" | "rates";

/** What a file of each holds. */
const ROWS: Readonly<Record<Name, string>> = {
  spend: `  day,source,medium,campaign,amount,currency
  2026-10-01,google,cpc,autumn,120.50,EUR

Dimensions are any of channel, source, medium, campaign, term and content; without a channel the row gets the one that
a click with its dimensions has. A row of the same day and dimensions takes the place of the one imported before.`,
  rates: `  day,currency,target,rate
  2026-10-01,USD,EUR,0.92

One unit of currency is worth rate units of target, from that day on until the next rate.`,
};

/** `spend`: what was spent. */
export function spendCommand(command: Command, context: CommandContext): void {
  addImportAndList("spend", command, context);
}

/** `rates`: of currencies. */
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
        return `${imported.toLocaleString("en-US")} rows imported.`;
      }),
    );
  const list = command.command("list").description("what is valid now, oldest first");
  if (name === "spend") {
    list
      .option("--from <time>", "days from then on: 2026-10-01", instant)
      .option("--to <time>", "days before then", instant);
  }
  addReportsOptions(list).action(async (flags: Flags) =>
    onReports(flags, context, "readKey", async (reports) => {
      const { from, to } = flags;
      const parameters = {
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      const answer = await reports.listRows(name, parameters);
      if (flags.json === true) return JSON.stringify(answer);
      return answer.rows.length === 0 ? "There are none." : renderRows(answer);
    }),
  );
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliError("file", `${file} cannot be read: ${describeError(error)}`);
  }
}

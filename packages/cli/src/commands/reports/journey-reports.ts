/** Commands of the reports beside attribution: each asks for the report of its name and shows the rows. */
import { type Command, Option } from "commander";
import type { ReportName, RowsAnswer } from "@tributary/reports";
import { Readable } from "node:stream";
import { journeyReportOffline, journeyReportParquetOffline } from "../../client/offline-reports.ts";
import { saveStream, saveText } from "../../client/save-file.ts";
import type { CommandContext } from "../../context.ts";
import { type PlottedReport, PLOTTED, rowsSvg } from "../../report/plots/rows-plot.ts";
import { barColumns } from "../../report/table-bars.ts";
import { renderRows } from "../../report/rows-table.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import {
  addFormatOptions,
  addPlotOption,
  addRangeOptions,
  addReportsAddress,
  clientOf,
  type ReportsAddress,
} from "../../options/reports.ts";

/** An option that is a parameter of the report; the reports service checks its text. */
interface ReportOption {
  readonly flags: string;
  readonly isRequired?: true;
  readonly description: string;
}

interface ReportCommand {
  readonly options: readonly ReportOption[];
  readonly examples: string;
}

const BY_TOUCH =
  "one or two of channel, source, medium, campaign, term, content (default: channel)";

const COMMANDS: Readonly<Record<ReportName, ReportCommand>> = {
  counts: {
    options: [
      { flags: "--by <dimensions>", description: `${BY_TOUCH}, or name` },
      {
        flags: "--interval <span>",
        description: "split by time: minute, hour, day, week, month",
      },
    ],
    examples: `  tributary counts --by campaign
  tributary counts --by channel --interval day --time-zone Europe/Berlin --from 2026-10-01
  tributary counts --by name --csv > events.csv`,
  },
  paths: {
    options: [
      { flags: "--by <dimensions>", description: BY_TOUCH },
      {
        flags: "--transform <name>",
        description:
          "simplification of the paths: unique (none), exposure (no repeats in a row) or first (default: unique)",
      },
      { flags: "--limit <n>", description: "most paths to show; the rest is summed (default: 50)" },
      {
        flags: "--non-converting <choice>",
        description:
          "journeys without a conversion: users (of users without one), tails (also what follows other users' last conversion), none (default: users)",
      },
    ],
    examples: `  tributary paths --transform exposure --limit 10
  tributary paths --limit 200 --svg paths.svg
  tributary paths --by channel,campaign --from 2026-10-01 --to 2026-11-01`,
  },
  assists: {
    options: [{ flags: "--by <dimensions>", description: BY_TOUCH }],
    examples: `  tributary assists
  tributary assists --by campaign --csv > assists.csv`,
  },
  "time-to-convert": {
    options: [],
    examples: `  tributary time-to-convert --from 2026-10-01
  tributary time-to-convert --svg days.svg`,
  },
  changes: {
    options: [
      {
        flags: "--since <time>",
        description: "time of the earlier state (required)",
        isRequired: true,
      },
      { flags: "--model <name>", description: "model of the credits (default: linear)" },
      { flags: "--by <dimensions>", description: BY_TOUCH },
    ],
    examples: `  tributary changes --since 2026-11-01
  tributary changes --since 2026-11-01 --as-of 2026-11-08 --by campaign --model time_decay`,
  },
  cost: {
    options: [
      { flags: "--model <name>", description: "model of the credits (default: linear)" },
      {
        flags: "--by <dimensions>",
        description: `${BY_TOUCH}; one of day, week, month among them`,
      },
      {
        flags: "--currency <code>",
        description: "convert all money to it, at the imported rates of each day",
      },
    ],
    examples: `  tributary cost --by campaign --from 2026-10-01 --to 2026-11-01
  tributary cost --model time_decay --currency EUR`,
  },
};

/** Flags of every such command, beside the report's own parameters. */
interface Flags extends ReportsAddress, Readonly<Record<string, string | boolean | undefined>> {
  readonly data: string;
  readonly json?: true;
  readonly csv?: true;
  readonly parquet?: string;
  readonly svg?: string;
}

/** The command of one of these reports. */
export function journeyReportCommand(
  name: ReportName,
): (command: Command, context: CommandContext) => void {
  const { options, examples } = COMMANDS[name];
  return (command, context) => {
    for (const { flags, description, isRequired = false } of options) {
      command.addOption(new Option(flags, description).makeOptionMandatory(isRequired));
    }
    addRangeOptions(command, name === "counts" ? "events" : "conversions");
    addFormatOptions(addReportsAddress(command));
    if (isPlotted(name)) addPlotOption(command);
    command
      .addHelpText(
        "after",
        `\nExamples:\n${examples}\n\nWithout a running platform, the command reads the data folder.`,
      )
      .action(async (flags: Flags) => run(name, flags, context));
  };
}

function isPlotted(name: ReportName): name is PlottedReport {
  return (PLOTTED as readonly string[]).includes(name);
}

async function run(name: ReportName, flags: Flags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  await interruptible(context, async (signal) => {
    if (flags.parquet !== undefined) {
      await saveStream(await askParquet(name, flags, context, signal), flags.parquet, signal);
      terminal.note(`report written to ${flags.parquet}`);
      return;
    }
    const report = await ask(name, flags, context, signal);
    if (flags.svg !== undefined && isPlotted(name)) {
      await saveText(rowsSvg(name, report), flags.svg, signal);
      terminal.note(`plot written to ${flags.svg}`);
    } else if (flags.json === true) terminal.print(JSON.stringify(report));
    else if (flags.csv === true) {
      // Imported here because it loads the database engine.
      const { rowsCsv } = await import("@tributary/reports");
      terminal.print(rowsCsv(report.rows).trimEnd());
    } else terminal.print(renderRows(report, barColumns(terminal)));
  });
}

async function ask(
  name: ReportName,
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<RowsAnswer> {
  const parameters = parametersOf(flags);
  const client = await clientOf(flags, context, signal);
  if (client === undefined) return journeyReportOffline(flags.data, name, parameters);
  return client.journeyReport(name, parameters);
}

async function askParquet(
  name: ReportName,
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Readable> {
  const parameters = { ...parametersOf(flags), format: "parquet" };
  const client = await clientOf(flags, context, signal);
  if (client !== undefined) return client.download(`/v1/reports/${name}`, parameters);
  return Readable.from([await journeyReportParquetOffline(flags.data, name, parameters)]);
}

/** The parameters of the report's path. */
function parametersOf(flags: Flags): Record<string, string> {
  const {
    url: _url,
    key: _key,
    data: _data,
    json: _json,
    csv: _csv,
    parquet: _file,
    svg: _plot,
    ...rest
  } = flags;
  return Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** Commands for the reports beside attribution: each asks the report of its name and shows its rows. */
import { type Command, Option } from "commander";
import type { RowsAnswer } from "@tributary/reports";
import { Readable } from "node:stream";
import { journeyReportOffline, journeyReportParquetOffline } from "../../client/offline-reports.ts";
import { saveStream } from "../../client/save-file.ts";
import { EXIT } from "../../errors.ts";
import { httpUrl, instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderRows } from "../../report/rows-table.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { clientOf, parquetOption } from "../../options/reports.ts";
import { addDataOption } from "../../options/data.ts";

type JourneyReportName = "counts" | "paths" | "assists" | "time-to-convert" | "changes" | "cost";

/** An option that is a parameter of the report, whose text the report understands or refuses. */
interface ReportOption {
  readonly flags: string;
  readonly description: string;
}

interface ReportCommand {
  readonly options: readonly ReportOption[];
  readonly examples: string;
}

const BY_TOUCH =
  "one or two of channel, source, medium, campaign, term, content (default: channel)";

const COMMANDS: Readonly<Record<JourneyReportName, ReportCommand>> = {
  counts: {
    options: [
      { flags: "--by <dimensions>", description: `${BY_TOUCH}, or name` },
      {
        flags: "--interval <span>",
        description: "in spans as well: minute, hour, day, week, month",
      },
      {
        flags: "--time-zone <name>",
        description: "in which spans begin: Europe/Berlin (default: UTC)",
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
        description: "unique, exposure (no repeats in a row) or first (default: unique)",
      },
      { flags: "--limit <n>", description: "most paths; the rest is summed (default: 50)" },
      {
        flags: "--non-converting <choice>",
        description: "whether journeys that did not convert are counted (default: true)",
      },
    ],
    examples: `  tributary paths --transform exposure --limit 10
  tributary paths --by channel,campaign --from 2026-10-01 --to 2026-11-01`,
  },
  assists: {
    options: [{ flags: "--by <dimensions>", description: BY_TOUCH }],
    examples: `  tributary assists
  tributary assists --by campaign --csv > assists.csv`,
  },
  "time-to-convert": {
    options: [],
    examples: `  tributary time-to-convert --from 2026-10-01`,
  },
  changes: {
    options: [
      { flags: "--since <time>", description: "what was known then is compared; needed" },
      { flags: "--model <name>", description: "whose credits (default: linear)" },
      { flags: "--by <dimensions>", description: BY_TOUCH },
    ],
    examples: `  tributary changes --since 2026-11-01
  tributary changes --since 2026-11-01 --as-of 2026-11-08 --by campaign --model time_decay`,
  },
  cost: {
    options: [
      { flags: "--model <name>", description: "whose credits (default: linear)" },
      { flags: "--by <dimensions>", description: BY_TOUCH },
      {
        flags: "--currency <code>",
        description: "bring all money to it, by the imported rate of its day",
      },
      { flags: "--time-zone <name>", description: "in which days begin (default: UTC)" },
    ],
    examples: `  tributary cost --by campaign --from 2026-10-01 --to 2026-11-01
  tributary cost --model time_decay --currency EUR`,
  },
};

/** What every one of them takes beside the report's own parameters. */
interface Flags extends Readonly<Record<string, string | boolean | undefined>> {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
  readonly csv?: true;
  readonly parquet?: string;
}

/** The command of one of these reports. */
export function journeyReportCommand(
  name: JourneyReportName,
): (command: Command, context: CommandContext) => void {
  const { options, examples } = COMMANDS[name];
  return (command, context) => {
    for (const option of options) command.option(option.flags, option.description);
    command
      .option("--from <time>", "from then on: 2026-10-01, or ISO 8601 with a zone", instant)
      .option("--to <time>", "before then", instant)
      .option("--as-of <time>", "what was known then, without later corrections", instant)
      .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
      .option("--key <key>", "read key (default: TRIBUTARY_READ_KEY)")
      .addOption(
        new Option("--json", "print the report as one JSON object, values exact").conflicts("csv"),
      )
      .option("--csv", "print the report's rows as CSV, values exact")
      .addOption(parquetOption());
    addDataOption(command)
      .addHelpText(
        "after",
        `\nExamples:\n${examples}\n\nWhere no platform runs on the data folder, it is read from the folder itself.`,
      )
      .action(async (flags: Flags) => run(name, flags, context));
  };
}

async function run(name: JourneyReportName, flags: Flags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  try {
    if (flags.parquet !== undefined) {
      await saveParquet(name, flags, context, interrupt.signal, flags.parquet);
      return;
    }
    const report = await ask(name, flags, context, interrupt.signal);
    if (flags.json === true) terminal.print(JSON.stringify(report));
    else if (flags.csv === true) {
      // Loaded when needed only: it brings the database engine along.
      const { rowsCsv } = await import("@tributary/reports");
      terminal.print(rowsCsv(report.rows).trimEnd());
    } else terminal.print(renderRows(report));
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

async function ask(
  name: JourneyReportName,
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<RowsAnswer> {
  const parameters = parametersOf(flags);
  const client = await clientOf(flags, context, signal);
  if (client === undefined) return journeyReportOffline(flags.data, name, parameters);
  return client.journeyReport(name, parameters);
}

async function saveParquet(
  name: JourneyReportName,
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
  file: string,
): Promise<void> {
  const parameters = { ...parametersOf(flags), format: "parquet" };
  const client = await clientOf(flags, context, signal);
  const content =
    client === undefined
      ? Readable.from([await journeyReportParquetOffline(flags.data, name, parameters)])
      : await client.download(`/v1/reports/${name}`, parameters);
  await saveStream(content, file, signal);
  context.terminal.note(`the report is in ${file}`);
}

/** What the report's own path takes. */
function parametersOf(flags: Flags): Record<string, string> {
  const {
    url: _url,
    key: _key,
    data: _data,
    json: _json,
    csv: _csv,
    parquet: _file,
    ...rest
  } = flags;
  return Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

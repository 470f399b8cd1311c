import type { ExportName } from "@tributary/warehouse";
import { Argument, type Command, Option } from "commander";
import { extname } from "node:path";
import { runningReports } from "../../client/find-platform.ts";
import { exportOffline } from "../../client/offline-reports.ts";
import { ReportsClient } from "../../client/reports-client.ts";
import { saveStream } from "../../client/save-file.ts";
import { CliError, EXIT } from "../../errors.ts";
import { httpUrl, instant } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { addDataOption } from "../../options/data.ts";

const WHAT = ["events", "conversions", "credits"] as const satisfies readonly ExportName[];
const FORMATS = ["ndjson", "csv", "parquet"] as const;
type Format = (typeof FORMATS)[number];

interface Flags {
  readonly output?: string;
  readonly format?: Format;
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
}

export function exportCommand(command: Command, context: CommandContext): void {
  command
    .addArgument(new Argument("<what>", "what to export").choices(WHAT))
    .option("--output <file>", "where to write it (default: standard output)")
    .addOption(
      new Option("--format <format>", "(default: by the file's name, else ndjson)").choices(
        FORMATS,
      ),
    )
    .option("--from <time>", "of events or conversions from then on", instant)
    .option("--to <time>", "of those before then", instant)
    .option("--as-of <time>", "what was known then, without later corrections", instant)
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key, which names the tenant (default: TRIBUTARY_READ_KEY)");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary export events > events.ndjson
  tributary export credits --from 2026-10-01 --output credits.parquet
  tributary export events | tributary replay - --format ndjson --url http://other:8080

An export of events can be sent to any platform with \`tributary replay\`: the same events give the same reports. Values are
exact. A running platform is waited for until all it accepted is loaded; where none runs on the data folder, the folder itself is
read. A file has its name only once it is whole.`,
    )
    .action(async (what: ExportName, flags: Flags) => run(what, flags, context));
}

async function run(what: ExportName, flags: Flags, context: CommandContext): Promise<void> {
  const format = flags.format ?? formatOf(flags.output);
  if (format === "parquet" && flags.output === undefined && context.terminal.answerInteractive) {
    throw new CliError("usage", "Parquet is no text: give --output with a file");
  }
  const interrupt = takeInterrupts();
  try {
    const { from, to, asOf } = flags;
    const parameters = Object.fromEntries(
      Object.entries({ format, from, to, asOf }).filter(([, text]) => text !== undefined),
    ) as Record<string, string>;
    await ask(what, parameters, flags, context, interrupt.signal);
    if (flags.output !== undefined) context.terminal.note(`${what} are in ${flags.output}`);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

async function ask(
  what: ExportName,
  parameters: Readonly<Record<string, string>>,
  { url: told, key: given, data, output }: Flags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const url = told ?? (await runningReports(data));
  if (url === undefined) {
    await exportOffline(data, what, parameters, async (stream) =>
      saveStream(stream, output, signal),
    );
    return;
  }
  const reports = new ReportsClient(url, given ?? context.config().readKey, signal);
  await reports.settled(undefined);
  await saveStream(await reports.download(`/v1/export/${what}`, parameters), output, signal);
}

function formatOf(output: string | undefined): Format {
  const name = extname(output ?? "")
    .slice(1)
    .toLowerCase();
  return FORMATS.find((format) => format === name) ?? "ndjson";
}

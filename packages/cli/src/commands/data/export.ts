import type { ExportName } from "@tributary/warehouse";
import { Argument, type Command, Option } from "commander";
import { extname } from "node:path";
import { exportOffline } from "../../client/offline-reports.ts";
import { saveStream } from "../../client/save-file.ts";
import { CliError } from "../../errors.ts";
import type { CommandContext } from "../../context.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import {
  addRangeOptions,
  addReportsAddress,
  clientOf,
  type ReportsAddress,
  TENANT_READ_KEY,
} from "../../options/reports.ts";

const WHAT = ["events", "conversions", "credits"] as const satisfies readonly ExportName[];
const FORMATS = ["ndjson", "csv", "parquet"] as const;
type Format = (typeof FORMATS)[number];

interface Flags extends ReportsAddress {
  readonly output?: string;
  readonly format?: Format;
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly timeZone?: string;
}

export function exportCommand(command: Command, context: CommandContext): void {
  command
    .addArgument(new Argument("<what>", "rows to export").choices(WHAT))
    .option("--output <file>", "file to write (default: standard output)")
    .addOption(
      new Option(
        "--format <format>",
        "format of the output (default: by the file's name, else ndjson)",
      ).choices(FORMATS),
    );
  addReportsAddress(addRangeOptions(command, "events or conversions"), TENANT_READ_KEY)
    .addHelpText(
      "after",
      `
Examples:
  tributary export events > events.ndjson
  tributary export credits --from 2026-10-01 --output credits.parquet
  tributary export events | tributary replay - --format ndjson --url http://other:8080

\`tributary replay\` sends exported events to any platform: the same events give the same reports. Values are exact.
The command waits until a running platform has loaded all accepted events. Without a running platform it reads the
data folder. A file gets its name once it is whole.`,
    )
    .action(async (what: ExportName, flags: Flags) => run(what, flags, context));
}

async function run(what: ExportName, flags: Flags, context: CommandContext): Promise<void> {
  const format = flags.format ?? formatOf(flags.output);
  if (format === "parquet" && flags.output === undefined && context.terminal.answerInteractive) {
    throw new CliError("usage", "Parquet is binary: give --output with a file");
  }
  await interruptible(context, async (signal) => {
    const { from, to, asOf, timeZone } = flags;
    const parameters = Object.fromEntries(
      Object.entries({ format, from, to, asOf, timeZone }).filter(([, text]) => text !== undefined),
    ) as Record<string, string>;
    await ask(what, parameters, flags, context, signal);
    if (flags.output !== undefined) context.terminal.note(`${what} written to ${flags.output}`);
  });
}

async function ask(
  what: ExportName,
  parameters: Readonly<Record<string, string>>,
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { data, output } = flags;
  const reports = await clientOf(flags, context, signal);
  if (reports === undefined) {
    await exportOffline(data, what, parameters, async (stream) =>
      saveStream(stream, output, signal),
    );
    return;
  }
  await reports.settled(undefined);
  await saveStream(await reports.download(`/v1/export/${what}`, parameters), output, signal);
}

function formatOf(output: string | undefined): Format {
  const name = extname(output ?? "")
    .slice(1)
    .toLowerCase();
  return FORMATS.find((format) => format === name) ?? "ndjson";
}

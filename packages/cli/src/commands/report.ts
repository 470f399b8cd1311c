import { MODEL_NAMES, PATH_MODEL_NAMES, PATH_TRANSFORMS } from "@tributary/attribution";
import { DIMENSION_FIELDS } from "@tributary/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import { runningPlatform } from "../client/find-platform.ts";
import { askOffline } from "../client/offline-reports.ts";
import type { AttributionReport } from "@tributary/reports/answers";
import type { ReportQuestion } from "../client/report-question.ts";
import { ReportsClient } from "../client/reports-client.ts";
import { EXIT } from "../errors.ts";
import { httpUrl, instant, nameList } from "../options.ts";
import type { CommandContext } from "../program.ts";
import { reportCsv } from "../report/csv.ts";
import { renderReport } from "../report/table.ts";
import { takeInterrupts } from "../terminal/interrupt.ts";
import { addDataOption } from "./platform-options.ts";

interface ReportFlags {
  readonly model: readonly string[];
  readonly by: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly transform?: string;
  readonly confidence?: string;
  readonly convertingOnly?: true;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
  readonly csv?: true;
}

const MAX_DIMENSIONS = 2;

export function reportCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("report")
    .description("what each channel or campaign earned, under one model or several")
    .option(
      "--model <models>",
      `all (the rule-based ones), or by commas: ${MODEL_NAMES.join(", ")}; over the paths of all journeys: ${PATH_MODEL_NAMES.join(", ")}`,
      models,
      ["last_touch"],
    )
    .option("--by <dimensions>", `one or two of ${DIMENSION_FIELDS.join(", ")}`, dimensions, [
      "channel",
    ])
    .option(
      "--from <time>",
      "conversions from then on: 2026-10-01, or ISO 8601 with a zone",
      instant,
    )
    .option("--to <time>", "conversions before then", instant)
    .option("--as-of <time>", "what was known then, without later corrections", instant)
    .addOption(
      new Option(
        "--transform <name>",
        "how models over paths simplify them: as they are, without repeats in a row, the first of each, or how often each",
      ).choices(PATH_TRANSFORMS),
    )
    .option(
      "--confidence <share>",
      "intervals around the credits of models over paths, from 200 resamples: 0.95",
    )
    .option("--converting-only", "models over paths leave out journeys that did not convert")
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key (default: TRIBUTARY_READ_KEY)")
    .addOption(
      new Option("--json", "print the report as one JSON object, values exact").conflicts("csv"),
    )
    .option("--csv", "print the report as CSV, values exact");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary report
  tributary report --model all --by channel
  tributary report --model linear,time_decay --by channel,campaign --from 2026-10-01 --to 2026-11-01
  tributary report --model position_based --csv > report.csv
  tributary report --model markov,shapley --confidence 0.95
  tributary report --as-of 2026-11-01T09:00:00+01:00

Where no platform runs on the data folder, the report is read from the folder itself.`,
    )
    .action(async (flags: ReportFlags) => run(flags, context));
}

async function run(flags: ReportFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  try {
    const { model, by, from, to, asOf, transform, confidence } = flags;
    const nonConverting = flags.convertingOnly === true ? "false" : undefined;
    const question = { models: model, by, from, to, asOf, transform, confidence, nonConverting };
    const report = await ask(flags, question, context, interrupt.signal);
    if (flags.json === true) terminal.print(JSON.stringify(report));
    else if (flags.csv === true) terminal.print(reportCsv(report.rows, flags.by));
    else terminal.print(renderReport(report, flags.model, flags.by));
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

async function ask(
  flags: ReportFlags,
  question: ReportQuestion,
  context: CommandContext,
  signal: AbortSignal,
): Promise<AttributionReport> {
  const url = flags.url ?? runningPlatform(flags.data)?.reportsUrl;
  if (url !== undefined) {
    const { key = context.config().readKey } = flags;
    return new ReportsClient(url, key, signal).attribution(question);
  }
  return askOffline(flags.data, question);
}

function models(text: string): readonly string[] {
  return text === "all" ? MODEL_NAMES : nameList([...MODEL_NAMES, ...PATH_MODEL_NAMES])(text);
}

function dimensions(text: string): readonly string[] {
  const names = nameList(DIMENSION_FIELDS)(text);
  if (names.length > MAX_DIMENSIONS) {
    throw new InvalidArgumentError(
      `Expected at most ${MAX_DIMENSIONS} dimensions, got ${names.length}.`,
    );
  }
  return names;
}

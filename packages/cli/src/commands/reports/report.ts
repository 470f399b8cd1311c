import { MODEL_NAMES, PATH_MODEL_NAMES, PATH_TRANSFORMS } from "@tributary/attribution";
import { CONVERSION_DIMENSIONS, DIMENSION_FIELDS } from "@tributary/protocol";
import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Readable } from "node:stream";
import { askOffline, parquetOffline } from "../../client/offline-reports.ts";
import type { AttributionReport } from "@tributary/reports/answers";
import type { ReportQuestion } from "../../client/report-question.ts";
import { saveStream } from "../../client/save-file.ts";
import { describeError } from "@tributary/platform/errors";
import { CliError, EXIT } from "../../errors.ts";
import { duration, httpUrl, instant, nameList } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { reportCsv } from "../../report/csv.ts";
import { renderComparison } from "../../report/comparison-table.ts";
import { conservationLine } from "../../report/conservation-line.ts";
import { reportNotes } from "../../report/report-notes.ts";
import { renderReport } from "../../report/table.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { clientOf, parquetOption } from "../../options/reports.ts";
import { addDataOption } from "../../options/data.ts";

interface ReportFlags extends RuleFlags {
  readonly model?: readonly string[];
  readonly custom?: string;
  readonly by: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly timeZone?: string;
  readonly confidence?: string;
  readonly convertingOnly?: true;
  readonly against?: true;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
  readonly csv?: true;
  readonly parquet?: string;
}

/** What credits conversions anew from the facts; texts as the reports service takes them. */
interface RuleFlags {
  readonly window?: string;
  readonly clickWindow?: string;
  readonly viewWindow?: string;
  readonly windows?: string;
  readonly viewThrough?: string;
  readonly clickBeatsImpression?: true;
  readonly leaveOut?: string;
  readonly afterConversion?: string;
  readonly halfLife?: string;
  readonly lead?: string;
  readonly transform?: string;
}

const DIMENSIONS = [...DIMENSION_FIELDS, ...CONVERSION_DIMENSIONS];
const MODELS = [...MODEL_NAMES, "w_shaped", ...PATH_MODEL_NAMES] as const;
const MAX_DIMENSIONS = 2;

export function reportCommand(command: Command, context: CommandContext): void {
  command
    .option(
      "--model <models>",
      `all (those that the workers credit), or by commas: ${MODEL_NAMES.join(", ")}, w_shaped; over the paths of all journeys: ${PATH_MODEL_NAMES.join(", ")} (default: last_touch)`,
      models,
    )
    .option("--custom <file>", "JSON file with a model of your own, or an array of several")
    .option("--by <dimensions>", `one or two of ${DIMENSIONS.join(", ")}`, dimensions, ["channel"])
    .option("--time-zone <name>", "of days, weeks and months: Europe/Berlin (default: UTC)")
    .option(
      "--from <time>",
      "conversions from then on: 2026-10-01, or ISO 8601 with a zone",
      instant,
    )
    .option("--to <time>", "conversions before then", instant)
    .option("--as-of <time>", "what was known then, without later corrections", instant)
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
    .option("--csv", "print the report as CSV, values exact")
    .addOption(parquetOption());
  addRuleOptions(command);
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
  tributary report --model linear --by channel,week --time-zone Europe/Berlin
  tributary report --model all --window 7d
  tributary report --model linear --leave-out channel:email --against

Where no platform runs on the data folder, the report is read from the folder itself.`,
    )
    .action(async (flags: ReportFlags) => run(flags, context));
}

async function run(flags: ReportFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  try {
    const custom = flags.custom === undefined ? undefined : await readCustom(flags.custom);
    const { by, model = custom === undefined ? ["last_touch"] : [] } = flags;
    if (flags.parquet !== undefined) {
      const question = questionOf(flags, model, custom);
      await saveParquet(flags, question, context, interrupt.signal, flags.parquet);
      return;
    }
    const report = await ask(flags, questionOf(flags, model, custom), context, interrupt.signal);
    const shown = [...new Set([...model, ...report.rows.map((row) => row.model)])];
    if (flags.json === true) terminal.print(JSON.stringify(report));
    else if (flags.csv === true) terminal.print(reportCsv(report.rows, by));
    else {
      const render = flags.against === true ? renderComparison : renderReport;
      terminal.print(`${render(report, shown, by)}\n\n${reportNotes(report)}`);
      const client = await clientOf(flags, context, interrupt.signal);
      if (client !== undefined) terminal.print(conservationLine(await client.conservation()));
    }
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
  const client = await clientOf(flags, context, signal);
  return client === undefined ? askOffline(flags.data, question) : client.attribution(question);
}

async function saveParquet(
  flags: ReportFlags,
  question: ReportQuestion,
  context: CommandContext,
  signal: AbortSignal,
  file: string,
): Promise<void> {
  const client = await clientOf(flags, context, signal);
  const content =
    client === undefined
      ? Readable.from([await parquetOffline(flags.data, question)])
      : await client.attributionParquet(question);
  await saveStream(content, file, signal);
  context.terminal.note(`the report is in ${file}`);
}

function addRuleOptions(command: Command): void {
  command
    .option(
      "--window <duration>",
      "how long before a conversion a touchpoint counts: 30d, 12h",
      duration,
    )
    .option("--click-window <duration>", "of clicks and visits, instead of --window", duration)
    .option("--view-window <duration>", "of impressions, instead of --window", duration)
    .option("--windows <list>", "windows by the conversion's name: purchase:30d,lead:7d")
    .addOption(
      new Option("--view-through <choice>", "whether impressions count (default: true)").choices([
        "true",
        "false",
      ]),
    )
    .option("--click-beats-impression", "a path that has a click loses its impressions")
    .option("--leave-out <list>", "what if these touchpoints did not exist: channel:email")
    .addOption(
      new Option(
        "--after-conversion <choice>",
        "whether a conversion leaves its touchpoints to the next (default: keep)",
      ).choices(["keep", "reset"]),
    )
    .option(
      "--half-life <duration>",
      "after how long a touchpoint counts half in time_decay",
      duration,
    )
    .option("--lead <name>", "conversion or custom event that makes a lead, for w_shaped")
    .addOption(
      new Option(
        "--transform <name>",
        "how paths are simplified before they are credited: as they are, without repeats in a row, the first of each, or how often each",
      ).choices(PATH_TRANSFORMS),
    )
    .option("--against", "show what these change, beside the report as it is");
}

function questionOf(
  flags: ReportFlags,
  model: readonly string[],
  custom: string | undefined,
): ReportQuestion {
  const { by, from, to, asOf, timeZone, confidence } = flags;
  const {
    window,
    clickWindow,
    viewWindow,
    windows,
    viewThrough,
    leaveOut,
    afterConversion,
    halfLife,
  } = flags;
  const { lead, transform } = flags;
  return {
    models: model,
    custom,
    by,
    from,
    to,
    asOf,
    timeZone,
    confidence,
    window,
    clickWindow,
    viewWindow,
    windows,
    viewThrough,
    leaveOut,
    afterConversion,
    halfLife,
    lead,
    transform,
    clickBeatsImpression: flags.clickBeatsImpression === true ? "true" : undefined,
    against: flags.against === true ? "true" : undefined,
    nonConverting: flags.convertingOnly === true ? "false" : undefined,
  };
}

/** @throws CliError `file`; what is in it the reports check */
async function readCustom(path: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new CliError("file", `--custom ${path}: ${describeError(error)}`);
  }
}

function models(text: string): readonly string[] {
  return text === "all" ? MODEL_NAMES : nameList(MODELS)(text);
}

function dimensions(text: string): readonly string[] {
  const names = nameList(DIMENSIONS)(text);
  if (names.length > MAX_DIMENSIONS) {
    throw new InvalidArgumentError(
      `Expected at most ${MAX_DIMENSIONS} dimensions, got ${names.length}.`,
    );
  }
  return names;
}

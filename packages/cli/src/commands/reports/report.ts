import { MODEL_NAMES, PATH_MODEL_NAMES, PATH_TRANSFORMS } from "@tributary/attribution";
import { CONVERSION_DIMENSIONS, DIMENSION_FIELDS } from "@tributary/protocol";
import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Readable } from "node:stream";
import { askOffline, parquetOffline } from "../../client/offline-reports.ts";
import type { AttributionReport } from "@tributary/reports/answers";
import type { ReportQuestion } from "../../client/report-question.ts";
import { saveStream, saveText } from "../../client/save-file.ts";
import { describeFileError } from "@tributary/platform/errors";
import { CliError } from "../../errors.ts";
import { duration, nameList, window } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { reportCsv } from "../../report/csv.ts";
import { renderComparison } from "../../report/comparison-table.ts";
import { conservationLine } from "../../report/conservation-line.ts";
import { reportNotes } from "../../report/report-notes.ts";
import { reportSvg } from "../../report/plots/report-plot.ts";
import { barColumns } from "../../report/table-bars.ts";
import { renderReport } from "../../report/table.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import {
  addFormatOptions,
  addPlotOption,
  addRangeOptions,
  addReportsAddress,
  clientOf,
  type ReportsFlags,
} from "../../options/reports.ts";

interface ReportFlags extends RuleFlags, ReportsFlags {
  readonly model?: readonly string[];
  readonly custom?: string;
  readonly by: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly asOf?: string;
  readonly timeZone?: string;
  readonly confidence?: string;
  readonly nonConverting?: string;
  readonly against?: true;
  readonly csv?: true;
  readonly parquet?: string;
  readonly svg?: string;
}

/** Rules by which the service credits conversions anew from the facts; texts as it takes them. */
interface RuleFlags {
  readonly window?: string;
  readonly clickWindow?: string;
  readonly viewWindow?: string;
  readonly windows?: string;
  readonly viewThrough?: string;
  readonly clickBeatsImpression?: true;
  readonly leaveOut?: string;
  readonly conversionTouch?: true;
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
      `all (those that the workers compute), or several separated by commas: ${MODEL_NAMES.join(", ")}, w_shaped; over the paths of all journeys: ${PATH_MODEL_NAMES.join(", ")} (default: last_touch)`,
      models,
    )
    .option("--custom <file>", "JSON file with a custom model, or an array of several")
    .addOption(
      new Option("--by <dimensions>", `one or two of ${DIMENSIONS.join(", ")}`)
        .argParser(dimensions)
        .default(["channel"], "channel"),
    );
  addRangeOptions(command, "conversions")
    .option(
      "--confidence <share>",
      "intervals around the credits of models over paths, from 200 resamples, such as 0.95",
    )
    .addOption(
      new Option(
        "--non-converting <choice>",
        "journeys without a conversion in models over paths: users (of users without one), tails (also what follows other users' last conversion), none (default: users)",
      ).choices(["users", "tails", "none"]),
    );
  addRuleOptions(command);
  addPlotOption(addFormatOptions(addReportsAddress(command)))
    .addHelpText(
      "after",
      `
Examples:
  tributary report
  tributary report --model all --by channel
  tributary report --model linear --by channel,day --svg report.svg
  tributary report --model linear,time_decay --by channel,campaign --from 2026-10-01 --to 2026-11-01
  tributary report --model position_based --csv > report.csv
  tributary report --model markov,shapley --confidence 0.95
  tributary report --as-of 2026-11-01T09:00:00+01:00
  tributary report --model linear --by channel,week --time-zone Europe/Berlin
  tributary report --model all --window 7d
  tributary report --model linear --leave-out channel:email --against

Without a running platform, the command reads the data folder.`,
    )
    .action(async (flags: ReportFlags) => run(flags, context));
}

async function run(flags: ReportFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  await interruptible(context, async (signal) => {
    const custom = flags.custom === undefined ? undefined : await readCustom(flags.custom);
    const { by, model = custom === undefined ? ["last_touch"] : [] } = flags;
    const question = questionOf(flags, model, custom);
    if (flags.parquet !== undefined) {
      await saveStream(await askParquet(flags, question, context, signal), flags.parquet, signal);
      terminal.note(`report written to ${flags.parquet}`);
      return;
    }
    const report = await ask(flags, question, context, signal);
    const shown = [...new Set([...model, ...report.rows.map((row) => row.model)])];
    if (flags.svg !== undefined) {
      await saveText(reportSvg(report, shown, by), flags.svg, signal);
      terminal.note(`plot written to ${flags.svg}`);
    } else if (flags.json === true) terminal.print(JSON.stringify(report));
    else if (flags.csv === true) terminal.print(reportCsv(report.rows, by));
    else {
      const tables =
        flags.against === true
          ? renderComparison(report, shown, by)
          : renderReport(report, shown, by, barColumns(terminal));
      terminal.print(`${tables}\n\n${reportNotes(report)}`);
      const client = await clientOf(flags, context, signal);
      if (client !== undefined) terminal.print(conservationLine(await client.conservation()));
    }
  });
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

async function askParquet(
  flags: ReportFlags,
  question: ReportQuestion,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Readable> {
  const client = await clientOf(flags, context, signal);
  if (client !== undefined) return client.attributionParquet(question);
  return Readable.from([await parquetOffline(flags.data, question)]);
}

function addRuleOptions(command: Command): void {
  command
    .option(
      "--window <duration>",
      "longest time from a touchpoint to its conversion: 30d, 12h, or none",
      window,
    )
    .option("--click-window <duration>", "window of clicks and visits, instead of --window", window)
    .option("--view-window <duration>", "window of impressions, instead of --window", window)
    .option("--windows <list>", "windows by conversion name: purchase:30d,lead:7d")
    .addOption(
      new Option("--view-through <choice>", "count impressions (default: true)").choices([
        "true",
        "false",
      ]),
    )
    .option("--click-beats-impression", "drop impressions from paths that have a click")
    .option("--leave-out <list>", "ignore these touchpoints, separated by commas: channel:email")
    .option(
      "--conversion-touch",
      "count a conversion with a channel or UTM dimension of its own as the last touchpoint",
    )
    .addOption(
      new Option(
        "--after-conversion <choice>",
        "keep a conversion's touchpoints for the next one, or reset them (default: keep)",
      ).choices(["keep", "reset"]),
    )
    .option("--half-life <duration>", "half-life of time_decay", duration)
    .option("--lead <name>", "conversion or custom event that makes a lead in w_shaped")
    .addOption(
      new Option(
        "--transform <name>",
        "simplification of the paths: unique (none), exposure (no repeats in a row), first (first of each), frequency (number of each)",
      ).choices(PATH_TRANSFORMS),
    )
    .option("--against", "show the report without these rules, with them, and the change");
}

function questionOf(
  flags: ReportFlags,
  models: readonly string[],
  custom: string | undefined,
): ReportQuestion {
  const {
    url: _url,
    key: _key,
    data: _data,
    json: _json,
    csv: _csv,
    parquet: _parquet,
    svg: _svg,
    model: _model,
    clickBeatsImpression,
    conversionTouch,
    against,
    ...parameters
  } = flags;
  return {
    ...parameters,
    models,
    custom,
    clickBeatsImpression: clickBeatsImpression === true ? "true" : undefined,
    conversionTouch: conversionTouch === true ? "true" : undefined,
    against: against === true ? "true" : undefined,
  };
}

/** @throws CliError `file` where it cannot be read or is no JSON; the reports check the models */
async function readCustom(path: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new CliError("file", `--custom ${path}: ${describeFileError(error)}`);
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

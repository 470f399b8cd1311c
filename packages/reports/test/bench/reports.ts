/**
 * Measures reports: fills a chDB in a temporary folder as the platform does, asks, and prints one JSON object.
 *
 *   node_modules/.bin/node packages/reports/test/bench/reports.ts [--touchpoints 1000000] [--conversions 20000] [--runs 3]
 *     [--path-data DIR] [--folder DIR]
 *
 * `first` is a report whose facts nobody has read before (each question about a month of its own would be such), `again` one that
 * differs from the one before in its rules only, `repeated` the very same one, which is kept. With `--path-data`, a folder with
 * PathData's paths.csv, the models over its paths as well, ms of one core. With `--folder` the warehouse is kept there, and found
 * again.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pathModel, tabulatePaths, type PathModelName, type PathRow } from "@tributary/attribution";
import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { migrate, openWarehouse, type WarehouseEngine } from "@tributary/warehouse";
import { parse } from "csv-parse/sync";
import { AttributionAnswers } from "../../src/attribution/attribution-answers.ts";
import { PathPool } from "../../src/compute/pool.ts";
import { parseQuestion } from "../../src/question/question.ts";
import { EVERYBODY } from "@tributary/tenants";
import { DEFAULT_REPORT_SETTINGS, SettingsByTenant } from "../../src/question/settings.ts";
import { DAYS, fillWarehouse, START_MS } from "./fill.ts";

const TIMEOUT_MS = 120_000;
const WARM_UP = { model: "last_touch" };

/** A name, and what is asked; in this order. */
const STREAMED: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["linear", { model: "linear" }],
  ["allModels", { model: "all" }],
  ["campaignAndWeek", { model: "linear", by: "campaign,week", timeZone: "Europe/Berlin" }],
];
const FIRST: typeof STREAMED = [
  ["linear", { model: "linear", window: "7d", by: "channel" }],
  ["campaign", { model: "linear", window: "7d", by: "campaign" }],
  ["timeDecayByWeek", { model: "time_decay", window: "7d", by: "channel,week" }],
  ["wShaped", { model: "w_shaped", by: "source" }],
];
const AGAIN: typeof STREAMED = [
  ["otherWindow", { model: "linear", window: "14d" }],
  ["allModels", { model: "all", window: "7d" }],
  ["leaveOut", { model: "linear", leaveOut: "channel:email" }],
  ["custom", { custom: JSON.stringify({ name: "ours", channels: { direct: 0 } }) }],
];
const OVER_PATHS: typeof STREAMED = [
  ["markov", { model: "markov" }],
  ["markovConvertingOnly", { model: "markov", nonConverting: "none" }],
  ["shapley", { model: "shapley", nonConverting: "none" }],
];

class Reports {
  readonly #engine: WarehouseEngine;
  readonly #pool = new PathPool({ timeoutMs: TIMEOUT_MS, maxWaiting: 4 });
  readonly #kept: AttributionAnswers;
  readonly #forgetful: AttributionAnswers;

  constructor(engine: WarehouseEngine) {
    this.#engine = engine;
    this.#kept = this.#answers(16);
    this.#forgetful = this.#answers(0);
  }

  #answers(maxAnswers: number): AttributionAnswers {
    const config = readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none" });
    return new AttributionAnswers({
      engine: this.#engine,
      telemetry: startTelemetry({
        serviceName: "bench",
        serviceVersion: "0",
        instanceId: "bench",
        config,
      }),
      computer: this.#pool,
      settings: new SettingsByTenant(DEFAULT_REPORT_SETTINGS, EVERYBODY),
      cache: { maxAnswers, maxBytes: 64 << 20 },
      completeUpTo: async () => Date.now(),
    });
  }

  /** @returns ms */
  async ask(parameters: Readonly<Record<string, string>>, isKept = false): Promise<number> {
    const { question } = parseQuestion(parameters, Date.now());
    const startedAt = performance.now();
    const answers = isKept ? this.#kept : this.#forgetful;
    const { rows } = await answers.answer({ tenant: "default", ...question });
    if (rows.length === 0) throw new Error(`no rows for ${JSON.stringify(parameters)}`);
    return performance.now() - startedAt;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
const median = (all: readonly number[]): number =>
  round(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0);

/** The median of each question's runs, ms; `between` comes before each of them. */
async function measure(
  reports: Reports,
  questions: typeof STREAMED,
  runs: number,
  between?: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, parameters] of questions) {
    const all: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      await between?.();
      all.push(await reports.ask(parameters));
    }
    figures[name] = median(all);
  }
  return figures;
}

/** Models over the paths of PathData: ms to make the model ready and credit once. */
async function measurePathData(folder: string, runs: number): Promise<Record<string, number>> {
  const text = await readFile(join(folder, "paths.csv"), "utf8");
  const records = parse<Record<string, string>>(text, {
    columns: true,
    skip_empty_lines: true,
  });
  const rows = records.map((record): PathRow => ({
    path: (record["path"] ?? "").split(" > "),
    conversions: Number(record["total_conversions"]),
    value: Number(record["total_conversion_value"]),
    nulls: Number(record["total_null"]),
  }));
  const table = tabulatePaths(rows);
  const figures: Record<string, number> = { paths: rows.length };
  for (const model of ["markov", "markov_2", "markov_3", "shapley"] satisfies PathModelName[]) {
    const all: number[] = [];
    for (let run = 0; run < Math.max(runs, 5); run += 1) {
      const startedAt = performance.now();
      pathModel(model, table).credit(table);
      all.push(performance.now() - startedAt);
    }
    figures[model] = median(all);
  }
  return figures;
}

async function measureReports(reports: Reports, runs: number): Promise<object> {
  const from = new Date(START_MS + 20 * 86_400_000).toISOString();
  const to = new Date(START_MS + DAYS * 86_400_000).toISOString();
  // Another range: its facts drive out those that are kept.
  const others = async () => reports.ask({ model: "linear", window: "1d", from, to: "2100-01-01" });
  await reports.ask(WARM_UP);
  await others();
  const streamed = await measure(reports, STREAMED, runs);
  const first = await measure(reports, FIRST, runs, others);
  const month = await measure(
    reports,
    [["linear", { model: "linear", window: "7d", from, to }]],
    runs,
    others,
  );
  const again = await measure(reports, AGAIN, runs, async () =>
    reports.ask({ model: "linear", window: "3d" }),
  );
  const overPaths = await measure(reports, OVER_PATHS, runs);
  const repeated: Record<string, number> = {};
  for (const [name, parameters] of [...FIRST, ...OVER_PATHS]) {
    await reports.ask(parameters, true);
    repeated[name] = round(await reports.ask(parameters, true));
  }
  return { streamed, facts: { first, fortyDays: month["linear"], again }, overPaths, repeated };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      touchpoints: { type: "string", default: "1000000" },
      conversions: { type: "string", default: "20000" },
      runs: { type: "string", default: "3" },
      "path-data": { type: "string" },
      folder: { type: "string" },
    },
  });
  const [touchpoints, conversions, runs] = [
    Number(values.touchpoints),
    Number(values.conversions),
    Number(values.runs),
  ];
  const pathData = values["path-data"];
  const onPathData =
    pathData === undefined ? {} : { pathDataMs: await measurePathData(pathData, runs) };
  const dataDir = values.folder ?? (await mkdtemp(join(tmpdir(), "tributary-bench-")));
  const isFilled = values.folder !== undefined && existsSync(dataDir);
  const engine = await openWarehouse({ dataDir }, { queryTimeoutMs: TIMEOUT_MS });
  const reports = new Reports(engine);
  try {
    await migrate(engine);
    const startedAt = performance.now();
    if (!isFilled) await fillWarehouse(engine, { touchpoints, conversions, seed: 5 });
    const fillSeconds = round((performance.now() - startedAt) / 1000);
    const reportMs = await measureReports(reports, runs);
    const figures = { touchpoints, conversions, runs, fillSeconds, reportMs, ...onPathData };
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    await reports.close();
    await engine.close();
    if (values.folder === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

await main();

import { BODY_FORMS } from "@tributary/lab/options";
import { MAX_PARTITIONS } from "@tributary/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { BenchOptions, BenchResult } from "@tributary/lab";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import { figure } from "../../terminal/figures.ts";
import { plainTable } from "../../report/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";

interface BenchFlags {
  readonly seconds: number;
  readonly runs: number;
  readonly latencySeconds: number;
  readonly rate?: number;
  readonly form: (typeof BODY_FORMS)[number];
  readonly batch: number;
  readonly eventBytes: number;
  readonly users: number;
  readonly skew: number;
  readonly tenants: number;
  readonly connections: number;
  readonly underWay: number;
  readonly workers: number;
  readonly threads: number;
  readonly partitions: number;
  readonly warehouse?: true;
  readonly compare?: string;
  readonly json?: true;
}

/** The run with the median throughput, and the range of all. */
interface BenchReport extends BenchResult {
  readonly runs: number;
  readonly minEventsPerSecond: number;
  readonly maxEventsPerSecond: number;
}

export function benchCommand(command: Command, context: CommandContext): void {
  command
    .option("--seconds <n>", "duration of the load at full speed", integer(1, 86_400), 10)
    .option(
      "--runs <n>",
      "number of runs; the result is their median, with the range",
      integer(1, 100),
      1,
    )
    .option(
      "--latency-seconds <n>",
      "duration of the latency measurement, at 70 % of the full speed; 0: none",
      integer(0, 86_400),
      10,
    )
    .option(
      "--rate <n>",
      "measure latency at this many events per second instead",
      integer(100, 1e8),
    )
    .addOption(
      new Option("--form <form>", "form of the bodies").choices(BODY_FORMS).default("msgpack"),
    )
    .option("--batch <n>", "events per request", integer(1, 10_000), 100)
    .option(
      "--event-bytes <n>",
      "approximate bytes per event; Segment's clients send about 500",
      integer(1, 8192),
      130,
    )
    .option("--users <n>", "number of users", integer(1, 100_000_000), 1_000_000)
    .option("--skew <s>", "skew of the users: exponent of Zipf's law; 0: none", skew, 0)
    .option("--tenants <n>", "number of tenants", integer(1, 10_000), 1)
    .option("--connections <n>", "connections to the gateway", integer(1, 1000), 8)
    .option("--under-way <n>", "concurrent requests", integer(1, 10_000), 128)
    .option("--workers <n>", "worker processes", integer(1, 64), 1)
    .option("--threads <n>", "attribution threads of each worker", integer(1, 64), 1)
    .option("--partitions <n>", "partitions of the streams", integer(1, MAX_PARTITIONS), 8)
    .option(
      "--warehouse",
      "load the warehouse too, and measure at 50 % how soon the reports show a conversion",
    )
    .option("--compare <revision>", "run in turns with another revision of this checkout")
    .option("--json", "print the figures as one JSON object")
    .addHelpText(
      "after",
      `
Every event must be processed and every conversion attributed exactly once: otherwise the command prints no figure and
exits with 1. Redis and the load generator run on the same machine and take their share of it.

Examples:
  tributary bench --seconds 30 --runs 5 --json
  tributary bench --form json --event-bytes 500
  tributary bench --form segment --event-bytes 500   in the form of Segment's clients
  tributary bench --rate 10000                       latency at a low load
  tributary bench --compare HEAD~1 --runs 3          effect of a change`,
    )
    .action(async (flags: BenchFlags) => run(flags, context));
}

function skew(text: string): number {
  if (!/^\d(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("Expected 0 to 9.999.");
  return Number(text);
}

async function run(flags: BenchFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  await interruptible(context, async (signal) => {
    const options: BenchOptions = {
      seconds: flags.seconds,
      latencySeconds: flags.latencySeconds,
      latencyEventsPerSecond: flags.rate,
      load: {
        shape: { form: flags.form, eventsPerRequest: flags.batch, eventBytes: flags.eventBytes },
        users: flags.users,
        skew: flags.skew,
        tenants: flags.tenants,
        connections: flags.connections,
        requestsUnderWay: flags.underWay,
      },
      workers: flags.workers,
      threads: flags.threads,
      partitions: flags.partitions,
      warehouse: flags.warehouse === true,
      mains: undefined,
      environment: context.config().environment,
      signal,
      note: (line) => terminal.note(line),
    };
    if (flags.compare === undefined) {
      const { runBench } = await import("@tributary/lab");
      const results: BenchResult[] = [];
      for (let i = 0; i < flags.runs; i += 1) results.push(await runBench(options));
      const report = reportOf(results);
      if (flags.json === true) terminal.print(JSON.stringify(report));
      else show(report, terminal);
    } else await compare(flags.compare, flags, options, terminal);
  });
}

/** Runs this checkout and another in turns, so that other work on the machine affects both. */
async function compare(
  revision: string,
  flags: BenchFlags,
  options: BenchOptions,
  terminal: Terminal,
): Promise<void> {
  const { checkOut, runBench } = await import("@tributary/lab");
  const other = await checkOut(revision);
  const here: BenchResult[] = [];
  const there: BenchResult[] = [];
  try {
    for (let i = 0; i < flags.runs; i += 1) {
      terminal.note(`run ${i + 1} of ${flags.runs}: ${revision}`);
      there.push(await runBench({ ...options, mains: other.mains }));
      terminal.note(`run ${i + 1} of ${flags.runs}: this checkout`);
      here.push(await runBench(options));
    }
  } finally {
    await other.remove();
  }
  const [now, before] = [reportOf(here), reportOf(there)];
  const ratio = Number((now.eventsPerSecond / before.eventsPerSecond).toFixed(3));
  if (flags.json === true) {
    terminal.print(JSON.stringify({ revision, ratio, here: now, there: before }));
    return;
  }
  terminal.print(`${revision}:`);
  show(before, terminal);
  terminal.print("this checkout:");
  show(now, terminal);
  terminal.print(`events a second, this checkout to ${revision}: ${ratio}`);
}

function reportOf(results: readonly BenchResult[]): BenchReport {
  const sorted = results.toSorted((a, b) => a.eventsPerSecond - b.eventsPerSecond);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] as BenchResult;
  return {
    ...median,
    runs: results.length,
    minEventsPerSecond: sorted[0]?.eventsPerSecond ?? 0,
    maxEventsPerSecond: sorted.at(-1)?.eventsPerSecond ?? 0,
  };
}

function show(report: BenchReport, terminal: Terminal): void {
  const range =
    report.runs === 1
      ? ""
      : ` (median of ${report.runs}; ${figure(report.minEventsPerSecond)} to ${figure(report.maxEventsPerSecond)})`;
  terminal.print(`${figure(report.eventsPerSecond)} events/s from the first request to the last commit${range}
${figure(report.acceptedPerSecond)} events/s accepted; ${figure(report.events)} events and ${figure(report.attributedConversions)} conversions, each counted once`);
  const { latencyMs: latency } = report;
  if (latency !== null) {
    terminal.print(
      `from request to committed result at ${figure(latency.atEventsPerSecond)} events/s: p50 ${latency.p50}, p95 ${latency.p95}, p99 ${latency.p99}, p99.9 ${latency.p999}, longest ${latency.max} ms`,
    );
  }
  const { freshnessMs: freshness } = report;
  if (freshness !== null) {
    terminal.print(
      `from a 202 to the report at ${figure(freshness.atEventsPerSecond)} events/s: p50 ${freshness.p50}, p95 ${freshness.p95}, longest ${freshness.max} ms, of ${freshness.probes} conversions`,
    );
  }
  const rows = Object.entries(report.cpuMicrosPerEvent).map(([part, micros]) => {
    const memory = report.peakRssMiB[part as keyof BenchReport["peakRssMiB"]];
    return [part, micros.toFixed(3), memory === undefined ? "–" : figure(memory)];
  });
  const head = ["process", "CPU, µs per event", "peak memory, MiB"];
  terminal.print(`\n${plainTable(head, 1, rows, false)}\n`);
  terminal.print(
    `Redis: ${report.redisBytesPerEvent} bytes per event in the stream, ${report.redisKeptBytesPerEvent} kept; µs per event by command: ${Object.entries(
      report.redisMicrosPerEvent,
    )
      .map(([name, micros]) => `${name} ${micros}`)
      .join(", ")}`,
  );
}

import { BODY_FORMS } from "@tributary/lab/options";
import { MAX_PARTITIONS } from "@tributary/protocol";
import Table from "cli-table3";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { BenchOptions, BenchResult } from "@tributary/lab";
import { EXIT } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { takeInterrupts } from "@tributary/platform/client";
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
    .option("--seconds <n>", "how long events are sent as fast as possible", integer(1, 86_400), 10)
    .option("--runs <n>", "runs; the median is given, with the range", integer(1, 100), 1)
    .option(
      "--latency-seconds <n>",
      "how long latency is measured, at 70 % of what was reached; 0: not at all",
      integer(0, 86_400),
      10,
    )
    .option("--rate <n>", "measure latency at so many events a second instead", integer(100, 1e8))
    .addOption(new Option("--form <form>", "of the bodies").choices(BODY_FORMS).default("msgpack"))
    .option("--batch <n>", "events of a request", integer(1, 10_000), 100)
    .option(
      "--event-bytes <n>",
      "about so many bytes an event; 500 is what Segment's clients send",
      integer(1, 8192),
      130,
    )
    .option("--users <n>", "users there are", integer(1, 100_000_000), 1_000_000)
    .option("--skew <s>", "exponent of Zipf's law by which users differ; 0: not at all", skew, 0)
    .option("--tenants <n>", "tenants", integer(1, 10_000), 1)
    .option("--connections <n>", "connections to the gateway", integer(1, 1000), 8)
    .option("--under-way <n>", "requests under way at once", integer(1, 10_000), 128)
    .option("--workers <n>", "worker processes", integer(1, 64), 1)
    .option("--threads <n>", "attribution threads of each worker", integer(1, 64), 1)
    .option("--partitions <n>", "partitions of the streams", integer(1, MAX_PARTITIONS), 8)
    .option(
      "--warehouse",
      "load the warehouse meanwhile, and measure how soon reports know a conversion, at 50 %",
    )
    .option("--compare <revision>", "alternate with another revision of this checkout")
    .option("--json", "print the figures as one JSON object")
    .addHelpText(
      "after",
      `
Every event must be processed and every conversion attributed exactly once: otherwise there is no figure and the exit
code is 1. Redis and the load generator run on the same machine and take their share of it.

Examples:
  tributary bench --seconds 30 --runs 5 --json
  tributary bench --form json --event-bytes 500
  tributary bench --form segment --event-bytes 500   as Segment's clients send them
  tributary bench --rate 10000                       latency of a quiet platform
  tributary bench --compare HEAD~1 --runs 3          what a change brought`,
    )
    .action(async (flags: BenchFlags) => run(flags, context));
}

function skew(text: string): number {
  if (!/^\d(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("Expected 0 to 9.999.");
  return Number(text);
}

async function run(flags: BenchFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
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
    signal: interrupt.signal,
    note: (line) => terminal.note(line),
  };
  try {
    if (flags.compare === undefined) {
      const { runBench } = await import("@tributary/lab");
      const results: BenchResult[] = [];
      for (let i = 0; i < flags.runs; i += 1) results.push(await runBench(options));
      const report = reportOf(results);
      if (flags.json === true) terminal.print(JSON.stringify(report));
      else show(report, terminal);
    } else await compare(flags.compare, flags, options, terminal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

/** Runs this checkout and another in turns: what the machine does meanwhile meets both. */
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
  const count = (value: number): string => value.toLocaleString("en-US");
  const range =
    report.runs === 1
      ? ""
      : ` (median of ${report.runs}; ${count(report.minEventsPerSecond)} to ${count(report.maxEventsPerSecond)})`;
  terminal.print(`${count(report.eventsPerSecond)} events/s from the first request to the last commit${range}
${count(report.acceptedPerSecond)} events/s taken; ${count(report.events)} events and ${count(report.attributedConversions)} conversions, each counted once`);
  const { latencyMs: latency } = report;
  if (latency !== null) {
    terminal.print(
      `from request to committed result at ${count(latency.atEventsPerSecond)} events/s: p50 ${latency.p50}, p95 ${latency.p95}, p99 ${latency.p99}, p99.9 ${latency.p999}, longest ${latency.max} ms`,
    );
  }
  const { freshnessMs: freshness } = report;
  if (freshness !== null) {
    terminal.print(
      `from a 202 to the report at ${count(freshness.atEventsPerSecond)} events/s: p50 ${freshness.p50}, p95 ${freshness.p95}, longest ${freshness.max} ms, of ${freshness.probes} conversions`,
    );
  }
  const table = new Table({
    head: ["", "CPU, µs an event", "most memory, MiB"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right"],
  });
  for (const [part, micros] of Object.entries(report.cpuMicrosPerEvent)) {
    const memory = report.peakRssMiB[part as keyof BenchReport["peakRssMiB"]];
    table.push([part, micros.toFixed(3), memory === undefined ? "–" : count(memory)]);
  }
  terminal.print(table.toString());
  terminal.print(
    `Redis: ${report.redisBytesPerEvent} bytes an event on the way, ${report.redisKeptBytesPerEvent} kept; µs an event by command: ${Object.entries(
      report.redisMicrosPerEvent,
    )
      .map(([name, micros]) => `${name} ${micros}`)
      .join(", ")}`,
  );
}

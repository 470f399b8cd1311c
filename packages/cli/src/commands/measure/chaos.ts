import { MAX_PARTITIONS } from "@tributary/protocol";
import Table from "cli-table3";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ChaosResult } from "@tributary/lab";
import { FAULT_KINDS, FAULTS, type FaultKind } from "@tributary/lab/options";
import { EXIT } from "../../errors.ts";
import { integer, nameList } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { takeInterrupts } from "@tributary/platform/client";
import type { Terminal } from "../../terminal/terminal.ts";

interface ChaosFlags {
  readonly seed: number;
  readonly seconds: number;
  readonly rate: number;
  readonly faults?: readonly FaultKind[];
  readonly every: number;
  readonly scale?: readonly number[];
  readonly partitions: number;
  readonly threads: number;
  readonly data?: string;
  readonly json?: true;
}

export function chaosCommand(command: Command, context: CommandContext): void {
  command
    .option(
      "--seed <n>",
      "decides the load and the faults; the same again gives the same",
      integer(0, 4_294_967_295),
      1,
    )
    .option("--seconds <n>", "how long events are sent", integer(5, 86_400), 60)
    .option("--rate <n>", "events a second", integer(20, 100_000), 1000)
    .option("--faults <kinds>", "only these, by commas (default: all)", nameList(FAULT_KINDS))
    .option("--every <ms>", "mean time between two faults, ms", integer(100, 600_000), 1500)
    .addOption(
      new Option(
        "--scale <numbers>",
        "instead of faults: go through these numbers of workers, such as 1,4,2",
      )
        .argParser(workerNumbers)
        .conflicts("faults"),
    )
    .option("--partitions <n>", "partitions of the streams", integer(1, MAX_PARTITIONS), 8)
    .option("--threads <n>", "attribution threads of each worker", integer(1, 64), 1)
    .option(
      "--data <dir>",
      "a data folder to keep (default: one of its own, kept where something is found)",
    )
    .option("--json", "print the verdict as one JSON object")
    .addHelpText("after", help())
    .action(async (flags: ChaosFlags) => run(flags, context));
}

function help(): string {
  const kinds = FAULT_KINDS.map((kind) => `  ${kind.padEnd(16)} ${FAULTS[kind]}`);
  return `
Faults:
${kinds.join("\n")}

An oracle that shares no code with the platform computes what every conversion's credits must be, from the events
that were acknowledged. Exit code: 0 where nothing is lost, counted twice, wrong or unexplained; else 1.

Examples:
  tributary chaos
  tributary chaos --seed 7 --seconds 60 --json
  tributary chaos --faults worker_kill --every 8000    how long others take to take over
  tributary chaos --scale 1,4,2 --seconds 30           what scaling under load costs`;
}

function workerNumbers(text: string): readonly number[] {
  return text.split(",").map((part) => {
    if (!/^([1-9]|1[0-6])$/.test(part.trim())) {
      throw new InvalidArgumentError("Expected numbers from 1 to 16 separated by commas.");
    }
    return Number(part);
  });
}

async function run(flags: ChaosFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const interrupt = takeInterrupts();
  try {
    const { isClean, runChaos } = await import("@tributary/lab");
    const result = await runChaos({
      seed: flags.seed,
      seconds: flags.seconds,
      eventsPerSecond: flags.rate,
      kinds: flags.faults,
      everyMs: flags.every,
      scale: flags.scale,
      partitions: flags.partitions,
      threads: flags.threads,
      dataDir: flags.data,
      environment: context.config().environment,
      signal: interrupt.signal,
      note: (line) => terminal.note(line),
    });
    if (flags.json === true) terminal.print(JSON.stringify(result));
    else show(result, terminal);
    if (!isClean(result)) context.exit(EXIT.failed);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

function show(result: ChaosResult, terminal: Terminal): void {
  const count = (value: number): string => value.toLocaleString("en-US");
  const table = new Table({
    head: ["fault", "times", "recovered in, p50 ms", "longest, ms"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right"],
  });
  for (const kind of FAULT_KINDS) {
    const times = result.faultsByKind[kind];
    const recovery = result.recoveryMs[kind];
    if (times === undefined || recovery === undefined) continue;
    table.push([kind, count(times), count(recovery.p50), count(recovery.max)]);
  }
  terminal.print(table.toString());
  const { commitLatencyMs: latency } = result;
  terminal.print(
    `${count(result.events)} events sent, ${count(result.acknowledged)} acknowledged after ${count(result.retries)} tries again, ${count(result.erased)} of people who were erased, ${count(result.conversions)} conversions; from arrival to commit p50 ${count(latency.p50)} ms, p99 ${count(latency.p99)} ms; ${count(result.recomputedEvents)} events computed again.`,
  );
  terminal.print(
    `lost ${count(result.lost)}, duplicated ${count(result.duplicated)}, wrong credits ${count(result.wrongCredits)}, audit differences ${count(result.auditDifferences)}, unexplained ${count(result.unexplained)}`,
  );
  for (const problem of result.problems) terminal.print(`  ${problem}`);
  if (result.dataDir !== null) terminal.print(`the data folder is kept: ${result.dataDir}`);
}

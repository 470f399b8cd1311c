import { MAX_PARTITIONS } from "@tributary/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ChaosResult } from "@tributary/lab";
import { FAULT_KINDS, FAULTS, type FaultKind } from "@tributary/lab/options";
import { EXIT } from "../../errors.ts";
import { integer, nameList } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import { figure } from "../../terminal/figures.ts";
import { plainTable } from "../../report/table.ts";
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
      "decides the load and the faults: the same seed gives the same run",
      integer(0, 4_294_967_295),
      1,
    )
    .option("--seconds <n>", "duration of the load", integer(5, 86_400), 60)
    .option("--rate <n>", "events per second", integer(20, 100_000), 1000)
    .option(
      "--faults <kinds>",
      "kinds of faults, separated by commas (default: all)",
      nameList(FAULT_KINDS),
    )
    .option("--every <ms>", "mean time between two faults", integer(100, 600_000), 1500)
    .addOption(
      new Option(
        "--scale <numbers>",
        "instead of faults: scale through these numbers of workers, such as 1,4,2",
      )
        .argParser(workerNumbers)
        .conflicts("faults"),
    )
    .option("--partitions <n>", "partitions of the streams", integer(1, MAX_PARTITIONS), 8)
    .option("--threads <n>", "attribution threads of each worker", integer(1, 64), 1)
    .option(
      "--data <dir>",
      "data folder, which is kept (default: a temporary one, kept after a failure)",
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
  tributary chaos --faults worker_kill --every 8000    recovery time when workers die
  tributary chaos --scale 1,4,2 --seconds 30           effect of scaling under load`;
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
  await interruptible(context, async (signal) => {
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
      signal,
      note: (line) => terminal.note(line),
    });
    if (flags.json === true) terminal.print(JSON.stringify(result));
    else show(result, terminal);
    if (!isClean(result)) context.exit(EXIT.failed);
  });
}

function show(result: ChaosResult, terminal: Terminal): void {
  const rows: string[][] = [];
  for (const kind of FAULT_KINDS) {
    const times = result.faultsByKind[kind];
    const recovery = result.recoveryMs[kind];
    if (times === undefined || recovery === undefined) continue;
    rows.push([kind, figure(times), figure(recovery.p50), figure(recovery.max)]);
  }
  const head = ["fault", "times", "recovered in, p50 ms", "longest, ms"];
  terminal.print(`${plainTable(head, 1, rows, false)}\n`);
  const { commitLatencyMs: latency } = result;
  terminal.print(
    `${figure(result.events)} events sent, ${figure(result.acknowledged)} acknowledged after ${figure(result.retries)} retries, ${figure(result.erased)} of erased people, ${figure(result.conversions)} conversions; from arrival to commit p50 ${figure(latency.p50)} ms, p99 ${figure(latency.p99)} ms; ${figure(result.recomputedEvents)} events recomputed.`,
  );
  terminal.print(
    `lost ${figure(result.lost)}, duplicated ${figure(result.duplicated)}, wrong credits ${figure(result.wrongCredits)}, audit differences ${figure(result.auditDifferences)}, unexplained ${figure(result.unexplained)}`,
  );
  for (const problem of result.problems) terminal.print(`  ${problem}`);
  if (result.dataDir !== null) terminal.print(`data folder kept: ${result.dataDir}`);
}

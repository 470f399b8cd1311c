/** The options of the commands that run a platform. */
import { MAX_PARTITIONS } from "@tributary/protocol";
import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { CliError } from "../errors.ts";
import { integer } from "./parsers.ts";
import type { AutoscaleLimits } from "@tributary/platform";
import { addDataOption } from "./data.ts";

const MAX_WORKERS = 64;
const MAX_THREADS = 256;
const MAX_PORT = 65_535;

/** As commander hands them over. */
export interface PlatformFlags {
  readonly workers?: number;
  readonly threads?: number;
  readonly partitions?: number;
  readonly data: string;
  readonly port?: number;
  readonly redisPort?: number;
  readonly autoscale?: true;
  readonly minWorkers?: number;
  readonly maxWorkers?: number;
  readonly scaleTarget?: number;
  readonly scaleDownAfter?: number;
}

/** Defaults of autoscaling. */
const DEFAULT_TARGET_SECONDS = 1;
const DEFAULT_DOWN_AFTER_SECONDS = 60;
/** Within this, an added worker has taken over its partitions and rebuilt their state. */
const SETTLE_MS = 3000;

export function addPlatformOptions(command: Command): Command {
  addDataOption(command)
    .addOption(
      new Option("--workers <n>", "worker processes (default: 1)").argParser(
        integer(1, MAX_WORKERS),
      ),
    )
    .addOption(
      new Option(
        "--threads <n>",
        "attribution threads of each worker (default: by processor)",
      ).argParser(integer(1, MAX_THREADS)),
    )
    .addOption(
      new Option(
        "--partitions <n>",
        "partitions of the streams; fixed by the first start (default: 16)",
      ).argParser(integer(1, MAX_PARTITIONS)),
    )
    .addOption(
      new Option(
        "--port <n>",
        "port of the gateway; 0 for any free one (default: 8080 or the next free one)",
      ).argParser(integer(0, MAX_PORT)),
    )
    .addOption(
      new Option(
        "--redis-port <n>",
        "port of the Redis that is started (default: 6379 or the next free one)",
      ).argParser(integer(1, MAX_PORT)),
    );
  return command;
}

/** Options of autoscaling. */
export function addAutoscaleOptions(command: Command): Command {
  return command
    .option("--autoscale", "add workers when events wait too long, remove them when it is calm")
    .option("--min-workers <n>", "fewest workers (default: --workers)", integer(1, MAX_WORKERS))
    .option(
      "--max-workers <n>",
      "most workers (default: one per processor)",
      integer(1, MAX_WORKERS),
    )
    .option(
      "--scale-target <seconds>",
      `add a worker when events wait, or need to drain, longer than this (default: ${DEFAULT_TARGET_SECONDS})`,
      integer(1, 3600),
    )
    .option(
      "--scale-down-after <seconds>",
      `remove a worker after a calm of this length (default: ${DEFAULT_DOWN_AFTER_SECONDS})`,
      integer(1, 86_400),
    );
}

/** @throws CliError `usage` where they contradict each other; undefined without `--autoscale` */
export function autoscaleLimits(flags: PlatformFlags): AutoscaleLimits | undefined {
  const given = ["minWorkers", "maxWorkers", "scaleTarget", "scaleDownAfter"] as const;
  if (flags.autoscale !== true) {
    if (given.every((name) => flags[name] === undefined)) return undefined;
    throw new CliError("usage", "--min-workers, --max-workers and --scale-… need --autoscale");
  }
  const minWorkers = flags.minWorkers ?? flags.workers ?? 1;
  const limits = {
    minWorkers,
    maxWorkers: maxWorkers(flags),
    targetSeconds: flags.scaleTarget ?? DEFAULT_TARGET_SECONDS,
    calmMs: (flags.scaleDownAfter ?? DEFAULT_DOWN_AFTER_SECONDS) * 1000,
    settleMs: SETTLE_MS,
  };
  if (minWorkers > limits.maxWorkers) {
    throw new CliError(
      "usage",
      `--min-workers ${minWorkers} is more than --max-workers ${limits.maxWorkers}`,
    );
  }
  return limits;
}

/** The bound on the number of workers: as given, else one per processor. */
export function maxWorkers({
  maxWorkers: given,
  minWorkers = 1,
  workers = 1,
}: PlatformFlags): number {
  return given ?? Math.max(minWorkers, workers, availableParallelism());
}

/** The options of the commands that run a platform, and what they show of it. */
import { MAX_PARTITIONS } from "@tributary/protocol";
import { redactUrl } from "@tributary/telemetry";
import { type Command, Option } from "commander";
import type { CliConfig } from "../config.ts";
import { integer } from "../options.ts";
import { startPlatform, type Platform, type PlatformOptions } from "../platform/platform.ts";
import type { Terminal } from "../terminal/terminal.ts";

const DEFAULT_DATA_DIR = ".tributary";

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
}

export function addDataOption(command: Command): Command {
  return command.option("--data <dir>", "data folder", DEFAULT_DATA_DIR);
}

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
        "partitions of the streams, fixed by the first start",
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

/** Starts a platform as the options say, showing that it does. */
export async function startFromFlags(
  flags: PlatformFlags,
  config: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Platform> {
  const options: PlatformOptions = {
    dataDir: flags.data,
    workers: flags.workers,
    threads: flags.threads,
    partitions: flags.partitions,
    port: flags.port,
    redisPort: flags.redisPort,
    redisUrl: config.redisUrl,
    environment: config.environment,
    signal,
    note: (line) => terminal.note(line),
  };
  terminal.note(`starting the platform on ${flags.data}`);
  return startPlatform(options);
}

/** The lines that say where everything is. */
export function overview(platform: Platform): string {
  const redis = new URL(platform.redisUrl.split(",")[0] ?? platform.redisUrl);
  const port = redis.port === "" ? "6379" : redis.port;
  const rows = [
    ["events in", `${platform.gatewayUrl}/v1/events`],
    ["reports", `${platform.reportsUrl}/v1/reports/attribution?model=all&by=channel`],
    [
      "workers",
      platform
        .workers()
        .map(({ name, url }) => `${name} ${url}/metrics`)
        .join("  "),
    ],
    ["Redis", platform.ownsRedis ? `redis-cli -p ${port}` : redactUrl(platform.redisUrl)],
    ["logs", platform.logDir],
  ];
  return rows.map(([name = "", value = ""]) => `  ${name.padEnd(10)} ${value}`).join("\n");
}

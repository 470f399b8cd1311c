import { startPlatform, type Platform, type PlatformOptions } from "@tributary/platform";
import { describeError } from "@tributary/platform/errors";
import { EnvironmentError, refuseUnknownVariables } from "@tributary/service";
import { webhooksGroupSince } from "@tributary/streams";
import { withPlatformRedis } from "../client/platform-redis.ts";
import type { CliConfig } from "../config.ts";
import { CliError } from "../errors.ts";
import { maxWorkers, type PlatformFlags } from "../options/platform.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Starts a platform by the options, and notes each step on the terminal. */
export async function startFromFlags(
  flags: PlatformFlags,
  config: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Platform> {
  refuseUnknown(config);
  const options: PlatformOptions = {
    dataDir: flags.data,
    workers: flags.workers ?? flags.minWorkers,
    maxWorkers: flags.autoscale === true ? maxWorkers(flags) : undefined,
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
  const platform = await startPlatform(options);
  if (platform.webhooksUrl === undefined) await noteWebhooksGroup(platform, terminal);
  return platform;
}

/** @throws CliError `usage` */
function refuseUnknown({ environment }: CliConfig): void {
  try {
    refuseUnknownVariables(environment);
  } catch (error) {
    if (error instanceof EnvironmentError) throw new CliError("usage", error.message);
    throw error;
  }
}

/** Webhooks that are no longer configured keep results in Redis, up to the bound of the backlog. */
async function noteWebhooksGroup(platform: Platform, terminal: Terminal): Promise<void> {
  const where = { redis: platform.redisUrl, data: platform.dataDir, environmentUrl: undefined };
  try {
    const since = await withPlatformRedis(where, async ({ client }) => webhooksGroupSince(client));
    if (since === undefined) return;
    terminal.note(
      "results wait in Redis for webhooks, but TRIBUTARY_WEBHOOKS is not set: set it, or run `tributary webhooks stop`",
    );
  } catch (error) {
    // The platform itself is running.
    terminal.note(`could not check whether results wait for webhooks: ${describeError(error)}`);
  }
}

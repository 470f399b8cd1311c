import { startPlatform, type Platform, type PlatformOptions } from "@tributary/platform";
import { describeError } from "@tributary/platform/errors";
import { webhooksGroupSince } from "@tributary/streams";
import { withPlatformRedis } from "../client/platform-redis.ts";
import type { CliConfig } from "../config.ts";
import { maxWorkers, type PlatformFlags } from "../options/platform.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Starts a platform as the options say, showing that it does. */
export async function startFromFlags(
  flags: PlatformFlags,
  config: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Platform> {
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

/** Webhooks that were used and are not any more would keep results in Redis until the backlog's bound. */
async function noteWebhooksGroup(platform: Platform, terminal: Terminal): Promise<void> {
  const where = { redis: platform.redisUrl, data: platform.dataDir, environmentUrl: undefined };
  try {
    const since = await withPlatformRedis(where, async ({ client }) => webhooksGroupSince(client));
    if (since === undefined) return;
    terminal.note(
      "results wait in Redis for webhooks, and TRIBUTARY_WEBHOOKS is not set: set it, or end this with `tributary webhooks stop`",
    );
  } catch (error) {
    // The platform runs all the same.
    terminal.note(`whether results wait for webhooks is not known: ${describeError(error)}`);
  }
}

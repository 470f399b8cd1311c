import { CliError } from "../errors.ts";
import { readRunningPlatform } from "@tributary/platform/client";

/** Where a platform answers. */
export interface PlatformAddress {
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
}

/** The platform that runs on a data folder, if one does and is ready. */
export function runningPlatform(dataDir: string): PlatformAddress | undefined {
  const state = readRunningPlatform(dataDir);
  return state?.ready === true
    ? { gatewayUrl: state.gatewayUrl, reportsUrl: state.reportsUrl }
    : undefined;
}

/** The Redis of the platform that runs on a data folder, if one does and is ready. */
export function runningRedis(dataDir: string): string | undefined {
  const state = readRunningPlatform(dataDir);
  return state?.ready === true ? state.redisUrl : undefined;
}

/**
 * Address of the reports beside a gateway: the given one; else the running platform's, where the gateway is its own;
 * else one port above the gateway, where `tributary up` puts them.
 */
export function reportsUrlOf(
  gatewayUrl: string,
  given: string | undefined,
  running: PlatformAddress | undefined,
): string {
  if (given !== undefined) return given;
  if (running?.gatewayUrl === gatewayUrl) return running.reportsUrl;
  const url = new URL(gatewayUrl);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  url.port = String(port + 1);
  return url.href.replace(/\/+$/, "");
}

/**
 * The reports to ask: the given ones, or those of the platform that runs on the data folder.
 * @throws CliError `no_platform`
 */
export function requireReportsUrl(given: string | undefined, dataDir: string): string {
  const url = given ?? runningPlatform(dataDir)?.reportsUrl;
  if (url !== undefined) return url;
  throw new CliError(
    "no_platform",
    `no platform runs on ${dataDir}; start one with \`tributary up\`, or give --url with the address of its reports`,
  );
}

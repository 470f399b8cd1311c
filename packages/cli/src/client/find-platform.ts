import { askReadiness, readRunningPlatform } from "@tributary/platform/client";
import { CliError } from "../errors.ts";

/** How long a service may take to name its platform; the request that follows has a limit of its own, ms. */
const READINESS_TIMEOUT_MS = 3000;

/** Where a platform answers. */
export interface PlatformAddress {
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
}

/** The platform that runs on a data folder. */
interface RunningPlatform extends PlatformAddress {
  readonly instanceId: string;
}

function readyPlatform(dataDir: string): RunningPlatform | undefined {
  const state = readRunningPlatform(dataDir);
  return state?.ready === true ? state : undefined;
}

/**
 * The platform that runs on a data folder, if one does and is ready.
 * @throws CliError `no_platform` where another platform answers at its addresses
 */
export async function runningPlatform(dataDir: string): Promise<PlatformAddress | undefined> {
  const running = readyPlatform(dataDir);
  if (running === undefined) return undefined;
  const { instanceId, gatewayUrl, reportsUrl } = running;
  await Promise.all(
    [gatewayUrl, reportsUrl].map(async (url) => requireInstance(url, instanceId, dataDir)),
  );
  return { gatewayUrl, reportsUrl };
}

/** The reports of the platform that runs on a data folder, if one does. @throws as {@link runningPlatform} */
export async function runningReports(dataDir: string): Promise<string | undefined> {
  const running = readyPlatform(dataDir);
  if (running === undefined) return undefined;
  await requireInstance(running.reportsUrl, running.instanceId, dataDir);
  return running.reportsUrl;
}

/** A service that does not answer is no error here: the request that follows reports that. */
async function requireInstance(url: string, instanceId: string, dataDir: string): Promise<void> {
  const answer = await askReadiness(url, READINESS_TIMEOUT_MS);
  if (answer === undefined || (answer.instanceId ?? "") === instanceId) return;
  throw new CliError(
    "no_platform",
    `${url} is another platform's than that of ${dataDir}: stop the platform on ${dataDir} and start it again`,
  );
}

/** The Redis of a running platform. */
export interface RunningRedis {
  readonly url: string;
  /** Number of its process; undefined where the platform did not start it. */
  readonly pid: number | undefined;
}

/** The Redis of the platform that runs on a data folder, if one does and is ready. */
export function runningRedis(dataDir: string): RunningRedis | undefined {
  const state = readRunningPlatform(dataDir);
  if (state?.ready !== true) return undefined;
  const pid = state.processes.find(({ name }) => name === "redis")?.pid;
  return { url: state.redisUrl, pid };
}

/**
 * Address of the reports beside a gateway: the given one; else the running platform's, where the gateway is its own;
 * else one port above the gateway, where `tributary up` puts them unless that port is taken.
 * @throws CliError `usage` where another platform answers one port above
 */
export async function reportsUrlOf(
  gatewayUrl: string,
  given: string | undefined,
  running: PlatformAddress | undefined,
): Promise<string> {
  if (given !== undefined) return given;
  if (running?.gatewayUrl === gatewayUrl) return running.reportsUrl;
  const url = new URL(gatewayUrl);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  url.port = String(port + 1);
  const reportsUrl = url.href.replace(/\/+$/, "");
  const [gateway, reports] = await Promise.all(
    [gatewayUrl, reportsUrl].map(async (one) => askReadiness(one, READINESS_TIMEOUT_MS)),
  );
  if (gateway === undefined || reports === undefined) return reportsUrl;
  if (gateway.instanceId === reports.instanceId) return reportsUrl;
  throw new CliError(
    "usage",
    `what answers at ${reportsUrl} is not of the platform of ${gatewayUrl}: give --reports-url with the address of its reports`,
  );
}

/**
 * The reports to ask: the given ones, or those of the platform that runs on the data folder.
 * @throws CliError `no_platform`
 */
export async function requireReportsUrl(
  given: string | undefined,
  dataDir: string,
): Promise<string> {
  const url = given ?? (await runningReports(dataDir));
  if (url !== undefined) return url;
  throw new CliError(
    "no_platform",
    `no platform runs on ${dataDir}; start one with \`tributary up\`, or give --url with the address of its reports`,
  );
}

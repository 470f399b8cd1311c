import { type Platform, startPlatform } from "@tributary/platform";
import { Redis } from "ioredis";
import { PASSERS_BY_TENANT } from "./traffic/passers-by.ts";
import { TcpProxy } from "./inject/tcp-proxy.ts";
import { INSPECTABLE } from "./inject/thread-end.ts";
import { MAX_ANONYMOUS_IDS, TENANTS } from "./traffic/workload.ts";

/** Of a worker's partitions, ms. */
export const LEASE_MS = 2500;
/** A service that chaos kills is started again at once, however often. */
const RESTART = Object.freeze({ maxDelayMs: 250, maxDeaths: 100_000 });

export interface PlatformUnderTestOptions {
  readonly dataDir: string;
  readonly redisPort: number;
  readonly workers: number;
  readonly threads: number;
  readonly partitions: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  /** Told of deaths that nobody brought about. */
  readonly unexplained: (what: string) => void;
}

/** A platform of several processes, each with a proxy of its own before Redis. */
export interface PlatformUnderTest {
  readonly platform: Platform;
  /** By the process's name. */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  /** Stops processes and proxies. */
  readonly stop: () => Promise<void>;
}

/** Starts it; what was started is stopped again where it fails. */
export async function startPlatformUnderTest(
  options: PlatformUnderTestOptions,
): Promise<PlatformUnderTest> {
  const { redisPort, environment, note, unexplained } = options;
  const proxies = new Map<string, TcpProxy>();
  const stopProxies = async (): Promise<void> => {
    for (const proxy of proxies.values()) await proxy.stop();
  };
  const keys = [...TENANTS, PASSERS_BY_TENANT].map((tenant) => `${tenant}=${tenant}`).join(",");
  try {
    const platform = await startPlatform({
      dataDir: options.dataDir,
      port: 0,
      redisPort,
      workers: options.workers,
      threads: options.threads,
      partitions: options.partitions,
      restart: RESTART,
      signal: options.signal,
      redisUrlFor: async (name) => {
        const proxy = await TcpProxy.start(redisPort);
        proxies.set(name, proxy);
        return `redis://127.0.0.1:${proxy.port}`;
      },
      environment: {
        ...environment,
        NODE_OPTIONS: [environment["NODE_OPTIONS"] ?? "", INSPECTABLE].join(" ").trim(),
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_LEASE_MS: String(LEASE_MS),
        TRIBUTARY_MAX_ANONYMOUS_IDS: String(MAX_ANONYMOUS_IDS),
        // A rebuild of several pages, so that a thread can end between two of them; few strings, so that bursts exceed them.
        TRIBUTARY_REBUILD_PAGE_KB: "8",
        TRIBUTARY_VOCABULARY_MB: "2",
        TRIBUTARY_THREAD_HEAP_MB: "128",
        TRIBUTARY_WRITE_KEYS: keys,
        TRIBUTARY_READ_KEYS: keys,
        TRIBUTARY_ERASE_KEYS: keys,
      },
      note: (line) => {
        // 0 is a SIGTERM of ours, 137 the shell's word for a Redis killed by us; any other end is nobody's doing.
        if (/exit code (?!0|137)/.test(line)) unexplained(line);
        note(`  ${line}`);
      },
    });
    void platform.failed.then((error) => unexplained(error.message));
    const stop = async (): Promise<void> => {
      await platform.stop();
      await stopProxies();
    };
    return { platform, proxies, stop };
  } catch (error) {
    await stopProxies();
    throw error;
  }
}

/** A connection of the judge's own, which no proxy stands before. */
export function connectPast(redisPort: number): Redis {
  const redis = new Redis(redisPort, "127.0.0.1", {
    protocol: 2,
    commandTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 20,
    maxLoadingRetryTime: 20,
  });
  // Redis is killed on purpose; who uses the connection sees its commands fail.
  redis.on("error", () => undefined);
  return redis;
}

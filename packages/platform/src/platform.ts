import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { makeFolder } from "@tributary/service";
import { identify } from "./client/process-identity.ts";
import { serviceEnvironment } from "./config.ts";
import { claimDataDir, removeState, writeState } from "./data-folder.ts";
import { describeError, PlatformError } from "./errors.ts";
import type { Platform, PlatformOptions } from "./options.ts";
import { ChildProcesses } from "./processes/child-processes.ts";
import { DEFAULT_RESTART_POLICY } from "./processes/supervised-process.ts";
import { startRedis } from "./redis/start-redis.ts";
import { PlatformServices } from "./services/platform-services.ts";

const READY_TIMEOUT_MS = 60_000;

/**
 * Starts Redis (unless one is given), the gateway, the workers, the reports, and the webhooks where TRIBUTARY_WEBHOOKS is
 * set, as processes of their own, and waits until all are ready.
 * @throws PlatformError `usage`, `already_running`, `port_taken`, `redis_missing`, `service_failed`; nothing runs then
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const dataDir = resolve(options.dataDir);
  const logDir = join(dataDir, "logs");
  makeFolders(dataDir, [join(dataDir, "redis"), logDir]);
  const instanceId = randomBytes(16).toString("hex");
  await claimDataDir(dataDir, instanceId);
  try {
    return await new PlatformStart(options, dataDir, logDir, instanceId).run();
  } catch (error) {
    removeState(dataDir, instanceId);
    throw error;
  }
}

/** @throws PlatformError `usage` */
function makeFolders(dataDir: string, folders: readonly string[]): void {
  try {
    for (const folder of folders) makeFolder(folder);
  } catch (error) {
    const why = describeError(error);
    throw new PlatformError("usage", `the data folder ${dataDir} cannot be made: ${why}`);
  }
}

class PlatformStart {
  readonly #options: PlatformOptions;
  readonly #dataDir: string;
  readonly #logDir: string;
  readonly #instanceId: string;
  readonly #startedAt = new Date().toISOString();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #children: ChildProcesses;
  readonly #signal: AbortSignal;
  #services: PlatformServices | undefined;
  #redisUrl = "";
  #ready = false;
  #removed = false;

  constructor(options: PlatformOptions, dataDir: string, logDir: string, instanceId: string) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#logDir = logDir;
    this.#instanceId = instanceId;
    this.#environment = serviceEnvironment(options.environment);
    this.#signal = options.signal ?? new AbortController().signal;
    this.#children = new ChildProcesses({
      readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      note: options.note ?? (() => undefined),
      changed: () => this.#writeState(),
      restart: options.restart ?? DEFAULT_RESTART_POLICY,
    });
  }

  async run(): Promise<Platform> {
    const services = await PlatformServices.hold({
      options: this.#options,
      dataDir: this.#dataDir,
      logDir: this.#logDir,
      instanceId: this.#instanceId,
      environment: this.#environment,
      children: this.#children,
    });
    this.#services = services;
    try {
      this.#redisUrl = this.#options.redisUrl ?? (await this.#startRedis());
      await services.start(this.#redisUrl, this.#signal);
    } catch (error) {
      await this.#stop();
      throw error;
    }
    this.#ready = true;
    this.#writeState();
    return this.#platform(services);
  }

  async #startRedis(): Promise<string> {
    const { port, redisPort } = this.#options;
    const redis = {
      port: redisPort,
      isAnyPort: port === 0,
      dir: join(this.#dataDir, "redis"),
      logPath: join(this.#logDir, "redis.log"),
      env: this.#environment,
    };
    return `redis://127.0.0.1:${await startRedis(this.#children, redis, this.#signal)}`;
  }

  #platform(services: PlatformServices): Platform {
    return {
      dataDir: this.#dataDir,
      logDir: this.#logDir,
      instanceId: this.#instanceId,
      gatewayUrl: services.gatewayUrl,
      reportsUrl: services.reportsUrl,
      webhooksUrl: services.webhooksUrl,
      redisUrl: this.#redisUrl,
      ownsRedis: this.#options.redisUrl === undefined,
      workers: () => services.workers(),
      addWorker: async () => {
        const name = await services.addWorker(this.#redisUrl, this.#signal);
        this.#writeState();
        return name;
      },
      removeWorker: async (name) => {
        const worker = services.takeWorker(name);
        if (worker === undefined) throw new PlatformError("usage", `there is no worker ${name}`);
        await this.#children.stop(worker);
        this.#children.remove(worker);
      },
      processes: () =>
        this.#children.all.map(({ name, identity, restarts }) => ({
          name,
          pid: identity?.pid,
          restarts,
        })),
      failed: this.#children.failed,
      stop: async () => this.#stop(),
      kill: () => {
        this.#children.killAll();
        this.#removeState();
      },
    };
  }

  async #stop(): Promise<void> {
    await this.#children.stopAll(this.#ready);
    await this.#services?.release();
    this.#removeState();
  }

  #writeState(): void {
    const services = this.#services;
    if (this.#removed || services === undefined) return;
    const { gatewayUrl, reportsUrl, webhooksUrl } = services;
    writeState(this.#dataDir, {
      ...identify(process.pid),
      instanceId: this.#instanceId,
      startedAt: this.#startedAt,
      ready: this.#ready,
      gatewayUrl,
      reportsUrl,
      ...(webhooksUrl === undefined ? {} : { webhooksUrl }),
      redisUrl: this.#redisUrl,
      workers: services.workers(),
      processes: this.#children.all.flatMap(({ name, identity }) =>
        identity === undefined ? [] : [{ name, ...identity }],
      ),
    });
  }

  #removeState(): void {
    this.#removed = true;
    removeState(this.#dataDir, this.#instanceId);
  }
}

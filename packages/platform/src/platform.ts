import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { defaultMemoryLimitMb } from "@tributary/worker";
import { identify } from "./client/process-identity.ts";
import { serviceEnvironment } from "./config.ts";
import { claimDataDir, removeState, writeState } from "./data-folder.ts";
import { PlatformError } from "./errors.ts";
import { PortPicker } from "./processes/ports.ts";
import { findRedisServer, redisSpec } from "./redis-server.ts";
import { serviceMain, serviceSpec, serviceUrl, type ServiceName } from "./services.ts";
import {
  DEFAULT_RESTART_POLICY,
  SupervisedProcess,
  type ProcessSpec,
  type RestartPolicy,
} from "./processes/supervised-process.ts";

export interface PlatformOptions {
  /** Where Redis, the warehouse and the logs live; made where it is missing. */
  readonly dataDir: string;
  /** Worker processes, default 1. */
  readonly workers?: number | undefined;
  /** Most worker processes that there may be later, which share the memory; without it those that are started. */
  readonly maxWorkers?: number | undefined;
  /** Attribution threads of each worker; without it the worker's own default. */
  readonly threads?: number | undefined;
  /** Partitions of the streams; without it the services' own default. Cannot change once a data folder has it. */
  readonly partitions?: number | undefined;
  /** The gateway's port, exactly; 0 for any free one (of everything). Without it 8080 or the next free one. */
  readonly port?: number | undefined;
  /** The port of the Redis that is started, exactly. Without it 6379 or the next free one. */
  readonly redisPort?: number | undefined;
  /** Redis to use instead of starting one. */
  readonly redisUrl?: string | undefined;
  /** Another way to Redis for a service, by its name (`gateway`, `worker-1`, `reports`, `webhooks`): through a proxy, say. */
  readonly redisUrlFor?: ((name: string, redisUrl: string) => string | Promise<string>) | undefined;
  /** How services that die are started again; see {@link RestartPolicy}. */
  readonly restart?: RestartPolicy | undefined;
  /** Whether the reports run, which load the warehouse; default true. */
  readonly reports?: boolean | undefined;
  /** The environment that the services inherit. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long each service may take to answer, ms; default 60,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** Programs to run in the place of services, by path: a test's stand-ins. */
  readonly mains?: Readonly<Partial<Record<ServiceName, string>>> | undefined;
  /** Ends the start early. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens on the way, a line at a time. */
  readonly note?: ((line: string) => void) | undefined;
}

/** A running platform. */
export interface Platform {
  readonly dataDir: string;
  readonly logDir: string;
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
  /** undefined where no webhooks are sent: TRIBUTARY_WEBHOOKS is not set. */
  readonly webhooksUrl: string | undefined;
  readonly redisUrl: string;
  /** Whether the Redis is a child of this platform. */
  readonly ownsRedis: boolean;
  /** The workers there are now. */
  workers(): readonly { readonly name: string; readonly url: string }[];
  /** Starts one more worker and waits until it is ready. @throws PlatformError `service_failed` */
  addWorker(): Promise<string>;
  /** Stops a worker gracefully, for good. @throws PlatformError `usage` where there is none of that name */
  removeWorker(name: string): Promise<void>;
  /** What runs now: names, process numbers and how often each was started again. */
  processes(): readonly { name: string; pid: number | undefined; restarts: number }[];
  /** Resolves when a service was given up; the platform still has to be stopped. */
  readonly failed: Promise<PlatformError>;
  /** Stops the gateway, the workers, the reports and webhooks, then Redis, each gracefully within a bound. May be called again. */
  stop(): Promise<void>;
  /** SIGKILL to every child, at once. */
  kill(): void;
}

const DEFAULT_PORT = 8080;
const DEFAULT_REDIS_PORT = 6379;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Starts Redis (unless one is given), the gateway, the workers, the reports, and the webhooks where TRIBUTARY_WEBHOOKS is
 * set, as processes of their own, and waits until all are ready.
 * @throws PlatformError `already_running`, `port_taken`, `redis_missing`, `service_failed`; nothing runs then
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const dataDir = resolve(options.dataDir);
  const logDir = join(dataDir, "logs");
  mkdirSync(join(dataDir, "redis"), { recursive: true, mode: 0o700 });
  mkdirSync(logDir, { recursive: true, mode: 0o700 });
  await claimDataDir(dataDir);
  try {
    return await new PlatformStart(options, dataDir, logDir).run();
  } catch (error) {
    removeState(dataDir);
    throw error;
  }
}

interface Layout {
  readonly gateway: number;
  readonly reports: number;
  /** Undefined where no webhooks are sent. */
  readonly webhooks: number | undefined;
  /** Undefined where Redis is given. */
  readonly redis: number | undefined;
}

class PlatformStart {
  readonly #options: PlatformOptions;
  readonly #dataDir: string;
  readonly #logDir: string;
  readonly #startedAt = new Date().toISOString();
  readonly #note: (line: string) => void;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #children: SupervisedProcess[] = [];
  readonly #ports = new PortPicker();
  /** Port of each worker by name. */
  readonly #workerPorts = new Map<string, number>();
  /** Number in the name of the newest worker; names are not used twice. */
  #lastWorker = 0;
  readonly #failure = Promise.withResolvers<PlatformError>();
  #layout: Layout | undefined;
  #redisUrl = "";
  #ready = false;
  #removed = false;

  constructor(options: PlatformOptions, dataDir: string, logDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#logDir = logDir;
    this.#note = options.note ?? (() => undefined);
    this.#environment = serviceEnvironment(options.environment);
  }

  async run(): Promise<Platform> {
    const layout = await this.#choosePorts();
    this.#layout = layout;
    this.#redisUrl = this.#options.redisUrl ?? `redis://127.0.0.1:${layout.redis}`;
    try {
      if (layout.redis !== undefined) await this.#startRedis(layout.redis);
      await this.#startServices(layout);
    } catch (error) {
      await this.#stop();
      throw error;
    }
    this.#ready = true;
    this.#writeState();
    return {
      dataDir: this.#dataDir,
      logDir: this.#logDir,
      gatewayUrl: serviceUrl(layout.gateway),
      reportsUrl: serviceUrl(layout.reports),
      webhooksUrl: layout.webhooks === undefined ? undefined : serviceUrl(layout.webhooks),
      redisUrl: this.#redisUrl,
      ownsRedis: layout.redis !== undefined,
      workers: () => this.#workers(),
      addWorker: () => this.#addWorker(),
      removeWorker: (name) => this.#removeWorker(name),
      processes: () =>
        this.#children.map(({ name, identity, restarts }) => ({
          name,
          pid: identity?.pid,
          restarts,
        })),
      failed: this.#failure.promise,
      stop: () => this.#stop(),
      kill: () => {
        for (const child of this.#children) child.kill();
        this.#removeState();
      },
    };
  }

  async #choosePorts(): Promise<Layout> {
    const { port, redisPort, redisUrl, workers = 1 } = this.#options;
    const picker = this.#ports;
    const gateway =
      port === undefined || port === 0
        ? await picker.from(port ?? DEFAULT_PORT, "gateway")
        : await picker.exactly(port, "gateway");
    const next = (offset: number): number => (port === 0 ? 0 : gateway + offset);
    const reports = await picker.from(next(1), "reports");
    for (let i = 0; i < workers; i += 1) {
      this.#workerPorts.set(`worker-${i + 1}`, await picker.from(next(2 + i), "worker"));
    }
    this.#lastWorker = workers;
    const webhooks = this.#sendsWebhooks()
      ? await picker.from(next(2 + workers), "webhooks")
      : undefined;
    if (redisUrl !== undefined) return { gateway, reports, webhooks, redis: undefined };
    const redis =
      redisPort === undefined
        ? await picker.from(port === 0 ? 0 : DEFAULT_REDIS_PORT, "Redis")
        : await picker.exactly(redisPort, "Redis");
    return { gateway, reports, webhooks, redis };
  }

  async #startRedis(port: number): Promise<void> {
    const env = this.#environment;
    const program = await findRedisServer(env);
    const redis = this.#supervise(
      redisSpec({
        program,
        port,
        dir: join(this.#dataDir, "redis"),
        logPath: join(this.#logDir, "redis.log"),
        env,
      }),
    );
    await redis.start(this.#signal());
  }

  async #startServices(layout: Layout): Promise<void> {
    const services = [
      await this.#gateway(layout.gateway),
      ...(await Promise.all(
        [...this.#workerPorts].map(async ([name, port]) => this.#worker(name, port)),
      )),
      ...(this.#options.reports === false
        ? []
        : [await this.#service("reports", "reports", layout.reports)]),
      ...(layout.webhooks === undefined
        ? []
        : [await this.#service("webhooks", "webhooks", layout.webhooks)]),
    ];
    const results = await Promise.allSettled(
      services.map((service) => service.start(this.#signal())),
    );
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #sendsWebhooks(): boolean {
    return (this.#environment["TRIBUTARY_WEBHOOKS"] ?? "").trim() !== "";
  }

  async #gateway(port: number): Promise<SupervisedProcess> {
    return this.#service("gateway", "gateway", port, {
      TRIBUTARY_SPOOL_DIR: this.#environment["TRIBUTARY_SPOOL_DIR"] || join(this.#dataDir, "spool"),
    });
  }

  async #worker(name: string, port: number): Promise<SupervisedProcess> {
    const { threads, workers = 1 } = this.#options;
    const sharing = Math.max(workers, this.#options.maxWorkers ?? 1);
    // The workers share the machine: each of them alone would take it for its own.
    const memoryLimitMb = Math.max(1, Math.floor(defaultMemoryLimitMb() / sharing));
    return this.#service("worker", name, port, {
      TRIBUTARY_WORKER_ID: this.#workerId(name),
      TRIBUTARY_MEMORY_LIMIT_MB:
        this.#environment["TRIBUTARY_MEMORY_LIMIT_MB"] || String(memoryLimitMb),
      ...(threads === undefined ? {} : { TRIBUTARY_THREADS: String(threads) }),
    });
  }

  /** Where the Redis is given, workers of other platforms may be in the same group: names must differ from theirs. */
  #workerId(name: string): string {
    if (this.#options.redisUrl === undefined) return name;
    const place = createHash("sha256").update(resolve(this.#dataDir)).digest("hex").slice(0, 6);
    return `${hostname()}-${place}-${name}`;
  }

  async #service(
    service: ServiceName,
    name: string,
    port: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<SupervisedProcess> {
    const { partitions, redisUrlFor, mains } = this.#options;
    const redisUrl = (await redisUrlFor?.(name, this.#redisUrl)) ?? this.#redisUrl;
    return this.#supervise(
      serviceSpec({
        main: mains?.[service] ?? serviceMain(service),
        name,
        port,
        logPath: join(this.#logDir, `${name}.log`),
        env: {
          ...this.#environment,
          REDIS_URL: redisUrl,
          TRIBUTARY_DATA_DIR: this.#dataDir,
          ...(partitions === undefined ? {} : { TRIBUTARY_PARTITIONS: String(partitions) }),
          ...more,
        },
      }),
    );
  }

  async #addWorker(): Promise<string> {
    this.#lastWorker += 1;
    const name = `worker-${this.#lastWorker}`;
    const port = await this.#ports.from(0, "worker");
    const worker = await this.#worker(name, port);
    try {
      await worker.start(this.#signal());
    } catch (error) {
      this.#forget(worker);
      throw error;
    }
    this.#workerPorts.set(name, port);
    this.#writeState();
    return name;
  }

  async #removeWorker(name: string): Promise<void> {
    const worker = this.#children.find((child) => child.name === name);
    if (worker === undefined || !this.#workerPorts.delete(name)) {
      throw new PlatformError("usage", `there is no worker ${name}`);
    }
    await this.#stopOne(worker);
    this.#forget(worker);
  }

  #forget(worker: SupervisedProcess): void {
    this.#children = this.#children.filter((child) => child !== worker);
    this.#writeState();
  }

  #signal(): AbortSignal {
    return this.#options.signal ?? new AbortController().signal;
  }

  #supervise(spec: ProcessSpec): SupervisedProcess {
    const child = new SupervisedProcess(spec, {
      readyTimeoutMs: this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      note: this.#note,
      changed: () => this.#writeState(),
      failed: (error) => this.#failure.resolve(error),
      restart: this.#options.restart ?? DEFAULT_RESTART_POLICY,
    });
    this.#children.push(child);
    return child;
  }

  async #stop(): Promise<void> {
    const byKind = (kind: RegExp): SupervisedProcess[] =>
      this.#children.filter(({ name }) => kind.test(name));
    for (const kind of [/^gateway$/, /^worker-/, /^(?:reports|webhooks)$/, /^redis$/]) {
      const group = byKind(kind).filter(({ identity }) => identity !== undefined);
      if (group.length > 0 && this.#ready) {
        this.#note(`stopping ${group.map(({ name }) => name).join(", ")}`);
      }
      await Promise.all(byKind(kind).map((child) => this.#stopOne(child)));
    }
    this.#removeState();
  }

  async #stopOne(child: SupervisedProcess): Promise<void> {
    if (await child.stop(STOP_TIMEOUT_MS)) return;
    this.#note(`${child.name} did not stop within ${STOP_TIMEOUT_MS / 1000} s and was killed`);
  }

  #workers(): { name: string; url: string }[] {
    return [...this.#workerPorts].map(([name, port]) => ({ name, url: serviceUrl(port) }));
  }

  #writeState(): void {
    const layout = this.#layout;
    if (this.#removed || layout === undefined) return;
    writeState(this.#dataDir, {
      ...identify(process.pid),
      startedAt: this.#startedAt,
      ready: this.#ready,
      gatewayUrl: serviceUrl(layout.gateway),
      reportsUrl: serviceUrl(layout.reports),
      ...(layout.webhooks === undefined ? {} : { webhooksUrl: serviceUrl(layout.webhooks) }),
      redisUrl: this.#redisUrl,
      workers: this.#workers(),
      processes: this.#children.flatMap(({ name, identity }) =>
        identity === undefined ? [] : [{ name, ...identity }],
      ),
    });
  }

  #removeState(): void {
    this.#removed = true;
    removeState(this.#dataDir);
  }
}

import type { PlatformError } from "./errors.ts";
import type { RestartPolicy } from "./processes/supervised-process.ts";

/** The services, each a package with a `main.ts` beside its index. */
export type ServiceName = "gateway" | "worker" | "reports" | "webhooks";

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
  /** Redis for a service, by its name (`gateway`, `worker-1`, `reports`, `webhooks`): a proxy in front of it, for example. */
  readonly redisUrlFor?: ((name: string, redisUrl: string) => string | Promise<string>) | undefined;
  /** How services that die are started again; see {@link RestartPolicy}. */
  readonly restart?: RestartPolicy | undefined;
  /** Whether the reports run, which load the warehouse; default true. */
  readonly reports?: boolean | undefined;
  /** The environment that the services inherit. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long each service may take to answer, ms; default 60,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** Programs to run in the place of services, by path: those of another revision, a test's stand-ins. */
  readonly mains?: Readonly<Partial<Record<ServiceName, string>>> | undefined;
  /** Ends the start early. */
  readonly signal?: AbortSignal | undefined;
  /** Takes what happens on the way, a line at a time. */
  readonly note?: ((line: string) => void) | undefined;
}

/** A running platform. */
export interface Platform {
  readonly dataDir: string;
  readonly logDir: string;
  /** Of this start; every service's `/readyz` repeats it. */
  readonly instanceId: string;
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

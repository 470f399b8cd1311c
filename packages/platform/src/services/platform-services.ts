import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { defaultMemoryLimitMb } from "@tributary/worker";
import type { PlatformOptions, ServiceName } from "../options.ts";
import type { ChildProcesses } from "../processes/child-processes.ts";
import type { HeldPort } from "../processes/ports.ts";
import { holdPort, holdPortFrom } from "../processes/ports.ts";
import type { SupervisedProcess } from "../processes/supervised-process.ts";
import { ServiceAddress } from "./service-address.ts";
import { serviceMain, serviceSpec } from "./service-spec.ts";

const DEFAULT_PORT = 8080;

/** What the services of one start of a platform have in common. */
interface Surroundings {
  readonly options: PlatformOptions;
  readonly dataDir: string;
  readonly logDir: string;
  readonly instanceId: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly children: ChildProcesses;
}

/** Where the services of a platform listen. */
interface Addresses {
  readonly gateway: ServiceAddress;
  readonly reports: ServiceAddress;
  /** Undefined where no webhooks are sent. */
  readonly webhooks: ServiceAddress | undefined;
}

/** The services of a platform: their addresses, and the environment of each. */
export class PlatformServices {
  readonly #around: Surroundings;
  readonly #addresses: Addresses;
  readonly #workers: Map<string, ServiceAddress>;
  /** Number in the name of the newest worker; names are not used twice. */
  #lastWorker: number;

  private constructor(
    around: Surroundings,
    addresses: Addresses,
    workers: Map<string, ServiceAddress>,
  ) {
    this.#around = around;
    this.#addresses = addresses;
    this.#workers = workers;
    this.#lastWorker = workers.size;
  }

  /**
   * Holds a port for each service.
   * @throws PlatformError `port_taken`; nothing is held then
   */
  static async hold(around: Surroundings): Promise<PlatformServices> {
    const { port, workers = 1 } = around.options;
    const isExact = port !== undefined && port !== 0;
    const held: HeldPort[] = [];
    const hold = async (wished: number, purpose: string): Promise<ServiceAddress> => {
      const one = await holdPortFrom(wished, purpose);
      held.push(one);
      return new ServiceAddress(one, false);
    };
    try {
      const first = isExact
        ? await holdPort(port, "gateway")
        : await holdPortFrom(port ?? DEFAULT_PORT, "gateway");
      held.push(first);
      const next = (offset: number): number => (port === 0 ? 0 : first.port + offset);
      const reports = await hold(next(1), "reports");
      const byName = new Map<string, ServiceAddress>();
      for (let i = 0; i < workers; i += 1) {
        byName.set(`worker-${i + 1}`, await hold(next(2 + i), "worker"));
      }
      const sendsWebhooks = (around.environment["TRIBUTARY_WEBHOOKS"] ?? "").trim() !== "";
      const webhooks = sendsWebhooks ? await hold(next(2 + workers), "webhooks") : undefined;
      const gateway = new ServiceAddress(first, isExact);
      return new PlatformServices(around, { gateway, reports, webhooks }, byName);
    } catch (error) {
      await Promise.all(held.map(async (one) => one.release()));
      throw error;
    }
  }

  get gatewayUrl(): string {
    return this.#addresses.gateway.url;
  }

  get reportsUrl(): string {
    return this.#addresses.reports.url;
  }

  get webhooksUrl(): string | undefined {
    return this.#addresses.webhooks?.url;
  }

  workers(): { name: string; url: string }[] {
    return [...this.#workers].map(([name, { url }]) => ({ name, url }));
  }

  /** Starts all and waits until they are ready. @throws PlatformError `service_failed` */
  async start(redisUrl: string, signal: AbortSignal): Promise<void> {
    const { gateway, reports, webhooks } = this.#addresses;
    const { options, environment, dataDir } = this.#around;
    const services = [
      await this.#service("gateway", "gateway", gateway, redisUrl, {
        TRIBUTARY_SPOOL_DIR: environment["TRIBUTARY_SPOOL_DIR"] || join(dataDir, "spool"),
      }),
      ...(await Promise.all(
        [...this.#workers].map(async ([name, at]) => this.#worker(name, at, redisUrl)),
      )),
      ...(options.reports === false
        ? []
        : [
            await this.#service("reports", "reports", reports, redisUrl, {
              TRIBUTARY_GATEWAY_URL: environment["TRIBUTARY_GATEWAY_URL"] || gateway.url,
            }),
          ]),
      ...(webhooks === undefined
        ? []
        : [await this.#service("webhooks", "webhooks", webhooks, redisUrl)]),
    ];
    const results = await Promise.allSettled(services.map(async (one) => one.start(signal)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Starts one more worker and waits until it is ready. @throws PlatformError `service_failed`, `port_taken` */
  async addWorker(redisUrl: string, signal: AbortSignal): Promise<string> {
    this.#lastWorker += 1;
    const name = `worker-${this.#lastWorker}`;
    const address = new ServiceAddress(await holdPortFrom(0, "worker"), false);
    const worker = await this.#worker(name, address, redisUrl);
    try {
      await worker.start(signal);
    } catch (error) {
      this.#around.children.remove(worker);
      throw error;
    }
    this.#workers.set(name, address);
    return name;
  }

  /** Takes a worker off the list. @returns its process; undefined where there is none of that name */
  takeWorker(name: string): SupervisedProcess | undefined {
    if (!this.#workers.delete(name)) return undefined;
    return this.#around.children.all.find((child) => child.name === name);
  }

  /** Releases what is still held for services that never ran. */
  async release(): Promise<void> {
    const { gateway, reports, webhooks } = this.#addresses;
    const all = [gateway, reports, webhooks, ...this.#workers.values()];
    await Promise.all(all.map(async (address) => address?.letGo()));
  }

  async #worker(
    name: string,
    address: ServiceAddress,
    redisUrl: string,
  ): Promise<SupervisedProcess> {
    const { options, environment } = this.#around;
    const sharing = Math.max(options.workers ?? 1, options.maxWorkers ?? 1);
    // By default a worker takes the whole machine's memory for its own.
    const memoryLimitMb = Math.max(1, Math.floor(defaultMemoryLimitMb() / sharing));
    return this.#service("worker", name, address, redisUrl, {
      TRIBUTARY_WORKER_ID: this.#workerId(name),
      TRIBUTARY_MEMORY_LIMIT_MB: environment["TRIBUTARY_MEMORY_LIMIT_MB"] || String(memoryLimitMb),
      ...(options.threads === undefined ? {} : { TRIBUTARY_THREADS: String(options.threads) }),
    });
  }

  /** In a given Redis, workers of other platforms may be in the same group: their names must differ. */
  #workerId(name: string): string {
    const { options, dataDir } = this.#around;
    if (options.redisUrl === undefined) return name;
    const place = createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 6);
    return `${hostname()}-${place}-${name}`;
  }

  async #service(
    service: ServiceName,
    name: string,
    address: ServiceAddress,
    redisUrl: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<SupervisedProcess> {
    const { options, environment, dataDir, logDir, instanceId, children } = this.#around;
    const { partitions, redisUrlFor, mains } = options;
    const other = mains?.[service];
    // A program of an earlier revision does not ask for its port.
    if (other !== undefined) await address.letGo();
    return children.add(
      serviceSpec({
        main: other ?? serviceMain(service),
        isOwn: other === undefined,
        name,
        address,
        instanceId,
        logPath: join(logDir, `${name}.log`),
        env: {
          ...environment,
          REDIS_URL: (await redisUrlFor?.(name, redisUrl)) ?? redisUrl,
          TRIBUTARY_DATA_DIR: dataDir,
          ...(partitions === undefined ? {} : { TRIBUTARY_PARTITIONS: String(partitions) }),
          ...more,
        },
      }),
    );
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { RedisClient } from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import type { WebhooksConfig } from "./config.ts";
import { ResultIntake } from "./intake/result-intake.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { DeliveryQueue } from "./queue/delivery-queue.ts";
import { SenderLease } from "./sending/sender-lease.ts";
import { TenantSender } from "./sending/tenant-sender.ts";

/** The parts that the service uses. */
export interface ServiceParts {
  readonly client: RedisClient;
  readonly telemetry: Telemetry;
  readonly metrics: WebhookMetrics;
  /** Secret below 2^48, see {@link ResultIntake}. */
  readonly seed: number;
}

/** The parts that run while this process has the lease. */
interface Sending {
  readonly intake: ResultIntake;
  readonly senders: ReadonlyMap<string, TenantSender>;
}

/** Takes and sends results while this process has the lease; else it stands by. */
export class WebhooksService {
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  readonly #config: WebhooksConfig;
  readonly #parts: ServiceParts;
  readonly #lease: SenderLease;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #sending: Sending | undefined;
  #isFailing = false;

  constructor(config: WebhooksConfig, parts: ServiceParts) {
    this.#config = config;
    this.#parts = parts;
    this.#lease = new SenderLease(parts.client, config.instance, config.leaseMs);
    this.queues = new Map(
      [...config.targets.keys()].map((tenant) => [
        tenant,
        new DeliveryQueue(parts.client, tenant, config.bounds),
      ]),
    );
  }

  /** Whether it sends; else another process does, or none can. */
  get sends(): boolean {
    return this.#sending !== undefined && this.#lease.held;
  }

  /** How long work has waited without progress, ms; 0 while the process stands by. */
  stalledForMs(): number {
    const sending = this.#sending;
    if (sending === undefined) return 0;
    const senders = [...sending.senders.values()].map((sender) => sender.stalledForMs());
    return Math.max(sending.intake.stalledForMs(), ...senders);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes what is under way, within a bound, and lets another process send. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#renew();
      if (this.#lease.held) this.#sending ??= this.#begin();
      // Another process may be sending by now.
      else await this.#end("another process sends, or Redis does not answer");
      try {
        await sleep(this.#lease.renewEveryMs, undefined, { signal });
      } catch {
        break; // aborted: the only way this sleep rejects
      }
    }
    // No other process may begin before the requests under way here have ended.
    const ended = new AbortController();
    const renewing = this.#renewUntil(ended.signal);
    await this.#end("the service stops");
    ended.abort();
    await renewing;
    await this.#release();
  }

  async #renewUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#renew();
      try {
        await sleep(this.#lease.renewEveryMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }

  async #renew(): Promise<void> {
    try {
      await this.#lease.renew();
      this.#isFailing = false;
    } catch (error) {
      // The lease holds until it expires, as `held` tells.
      if (!this.#isFailing)
        this.#parts.telemetry.logger.warn({ err: error }, "renewing the lease failed");
      this.#isFailing = true;
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#lease.release();
    } catch (error) {
      this.#parts.telemetry.logger.warn(
        { err: error },
        "releasing the lease failed; it expires by itself",
      );
    }
  }

  #begin(): Sending {
    const { client, telemetry, metrics, seed } = this.#parts;
    const { targets, timeoutMs, maxAttempts, pacing, partitions, maxReadBytes } = this.#config;
    const maySend = (): boolean => this.#lease.held;
    const senders = new Map<string, TenantSender>();
    for (const [tenant, queue] of this.queues) {
      const target = targets.get(tenant);
      if (target === undefined) continue;
      const options = { timeoutMs, maxAttempts, pacing, maySend, random: Math.random };
      senders.set(tenant, new TenantSender(queue, target, telemetry, metrics, options));
    }
    const released = (tenant: string): void => senders.get(tenant)?.wake();
    const intake = new ResultIntake(client, this.queues, telemetry, metrics, {
      partitions,
      maxReadBytes,
      seed,
      released,
    });
    telemetry.logger.info({ tenants: senders.size }, "webhooks are sent from here");
    intake.start();
    for (const sender of senders.values()) sender.start();
    return { intake, senders };
  }

  async #end(reason: string): Promise<void> {
    const sending = this.#sending;
    if (sending === undefined) return;
    this.#parts.telemetry.logger.info({ reason }, "webhooks are no longer sent from here");
    await sending.intake.stop();
    await Promise.all([...sending.senders.values()].map(async (sender) => sender.stop()));
    this.#sending = undefined;
  }
}

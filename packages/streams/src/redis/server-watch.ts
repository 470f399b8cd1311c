import { createMetrics, type Telemetry } from "@tributary/telemetry";
import { StreamsError } from "../errors.ts";
import { type RedisClient, redisReady } from "./client.ts";
import {
  faultsOf,
  readServerSettings,
  type RedisRules,
  SERVER_FAULTS,
  type ServerFault,
} from "./server-settings.ts";

/** Looks at the settings of the Redis that a service uses: at its start, and again and again while it runs. */
export class ServerWatch {
  readonly #client: RedisClient;
  readonly #rules: RedisRules;
  readonly #telemetry: Telemetry;
  readonly #metrics;
  #faults: readonly ServerFault[] = [];
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> = Promise.resolve();

  constructor(client: RedisClient, rules: RedisRules, telemetry: Telemetry) {
    this.#client = client;
    this.#rules = rules;
    this.#telemetry = telemetry;
    this.#metrics = createMetrics(telemetry.metrics, ["tributary_redis_unfit"]);
  }

  /** Why the service is not ready: what it would not start with. undefined where all is well. */
  get reason(): string | undefined {
    return this.#faults.find(({ refused }) => refused)?.message;
  }

  /**
   * Reads the settings. Each fault is logged when it is first found.
   * @throws StreamsError `redis_unfit` for one that a service does not start with; the client's error
   */
  async check(): Promise<void> {
    await this.#check(({ message }) => {
      throw new StreamsError("redis_unfit", message);
    });
  }

  /** Begins to look again and again. */
  start(): void {
    const say = ({ message }: ServerFault): void => this.#telemetry.logger.error(message);
    this.#timer ??= setInterval(() => {
      this.#checking = this.#checking
        .then(async () => this.#check(say))
        .catch((error: unknown) => {
          // That Redis does not answer is said by other parts of the readiness.
          if (!redisReady(this.#client)) return;
          this.#telemetry.logger.warn({ err: error }, "the settings of Redis could not be read");
        });
    }, this.#rules.checkMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  /** @param refuse is called for each new fault that a service does not start with */
  async #check(refuse: (fault: ServerFault) => void): Promise<void> {
    const settings = await readServerSettings(this.#client);
    const faults = settings.flatMap((of) => faultsOf(of, this.#rules));
    const known = new Set(this.#faults.map(({ message }) => message));
    this.#faults = faults;
    for (const fault of SERVER_FAULTS) {
      const has = faults.some((of) => of.fault === fault);
      this.#metrics.tributary_redis_unfit.set({ fault }, has ? 1 : 0);
    }
    for (const fault of faults.filter(({ message }) => !known.has(message))) {
      if (fault.refused) refuse(fault);
      else this.#telemetry.logger.warn(fault.message);
    }
  }
}

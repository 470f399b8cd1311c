import { setTimeout as sleep } from "node:timers/promises";
import {
  diagnose,
  type Finding,
  FINDING_KINDS,
  type RedisClient,
  type RedisRules,
} from "@tributary/streams";
import { createMetrics, type Telemetry } from "@tributary/telemetry";

export interface DiagnosisWatchOptions {
  readonly rules: RedisRules;
  /** Time between two diagnoses, ms; 0 makes none. */
  readonly intervalMs: number;
  /** Time between the two looks of one, ms. */
  readonly betweenMs: number;
}

/** Diagnoses the platform again and again, as `tributary doctor` does: for alerts, and for whoever looks at the readiness. */
export class DiagnosisWatch {
  readonly #client: RedisClient;
  readonly #telemetry: Telemetry;
  readonly #options: DiagnosisWatchOptions;
  readonly #metrics;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #findings: readonly Finding[] = [];
  #fails = false;

  constructor(client: RedisClient, telemetry: Telemetry, options: DiagnosisWatchOptions) {
    this.#client = client;
    this.#telemetry = telemetry;
    this.#options = options;
    this.#metrics = createMetrics(telemetry.metrics, ["tributary_findings"]);
  }

  /** How often each code was found by the last diagnosis. */
  get counts(): Readonly<Record<string, number>> {
    const byCode = Map.groupBy(this.#findings, ({ code }) => code);
    return Object.fromEntries([...byCode].map(([code, of]) => [code, of.length]));
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /** One diagnosis. @throws the client's error, and the reason of {@link stop} */
  async check(): Promise<void> {
    const { rules, betweenMs } = this.#options;
    const { signal } = this.#abort;
    const before = new Set(this.#findings.map(({ code }) => code));
    this.#findings = await diagnose(this.#client, { rules, betweenMs, signal });
    this.#metrics.tributary_findings.reset();
    for (const [code, count] of Object.entries(this.counts)) {
      const { severity } = FINDING_KINDS[code as Finding["code"]];
      this.#metrics.tributary_findings.set({ code, severity }, count);
    }
    for (const { code, subject, detail } of this.#findings) {
      if (before.has(code) || FINDING_KINDS[code].severity !== "fault") continue;
      this.#telemetry.logger.error(
        { code, subject, detail },
        "a diagnosis found a fault; tributary doctor says what it means and what mends it",
      );
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.check();
        this.#fails = false;
      } catch (error) {
        if (!this.#fails && !signal.aborted) {
          this.#telemetry.logger.warn({ err: error }, "the platform cannot be diagnosed");
        }
        this.#fails = true;
      }
      try {
        await sleep(this.#options.intervalMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
    }
  }
}

import { createMetrics, type Telemetry } from "@tributary/telemetry";
import type { WarehouseEngine } from "@tributary/warehouse";
import { AnswerCache, type AnswerCacheOptions } from "./answer-cache.ts";
import {
  answerAttribution,
  type Attribution,
  type CompleteAttribution,
  type Computer,
} from "./attribution.ts";
import type { AttributionQuestion } from "../question/question.ts";
import type { SettingsByTenant } from "../question/settings.ts";

/** What {@link AttributionAnswers} needs. */
export interface AttributionAnswersParts {
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  readonly computer: Computer;
  readonly settings: SettingsByTenant;
  readonly cache: AnswerCacheOptions;
  /** Up to when all that was accepted is attributed and loaded, ms since 1970; undefined while Redis does not answer. */
  readonly completeUpTo: () => Promise<number | undefined>;
}

/** Answers questions of attribution; the same question is answered again only after more was loaded. */
export class AttributionAnswers {
  readonly #parts: AttributionAnswersParts;
  readonly #cache: AnswerCache<Attribution>;
  readonly #metrics;
  #completeUpTo = 0;

  constructor(parts: AttributionAnswersParts) {
    this.#parts = parts;
    this.#cache = new AnswerCache(parts.cache);
    this.#metrics = createMetrics(parts.telemetry.metrics, ["tributary_cached_reports_total"]);
  }

  get settings(): SettingsByTenant {
    return this.#parts.settings;
  }

  /** @throws WarehouseError, ReportsError as answerAttribution */
  async answer(
    question: AttributionQuestion & { readonly tenant: string },
  ): Promise<CompleteAttribution> {
    // In this order: the data has all that is complete by then, and the answer has all of the data.
    const completeUpTo = await this.completeUpTo();
    const dataVersion = await this.#parts.engine.dataVersion();
    const key = JSON.stringify(question, (_name, value: unknown) =>
      value instanceof Map ? [...value] : value,
    );
    const kept = this.#cache.find(key, dataVersion);
    const outcome = kept === undefined ? "miss" : "hit";
    this.#metrics.tributary_cached_reports_total.inc({ outcome });
    if (kept !== undefined) return { ...kept, completeUpTo };
    const report = await answerAttribution(
      { ...this.#parts, settings: this.#parts.settings.of(question.tenant) },
      question,
    );
    this.#cache.keep(key, dataVersion, report);
    return { ...report, completeUpTo };
  }

  /**
   * Up to when all that was accepted is attributed and loaded, ms since 1970. It never goes back: while Redis does not answer
   * it stays as it was.
   */
  async completeUpTo(): Promise<number> {
    this.#completeUpTo = Math.max(this.#completeUpTo, (await this.#parts.completeUpTo()) ?? 0);
    return this.#completeUpTo;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { createMetrics, type Telemetry } from "@tributary/telemetry";
import { countConversions, countErased, type WarehouseEngine } from "@tributary/warehouse";
import { audit, type AuditDifference } from "../catalog/audit.ts";
import { type Accounting, conserve } from "../catalog/conservation.ts";
import type { SelfAuditOptions } from "../config.ts";
import type { SettingsByTenant } from "../question/settings.ts";

export interface SelfAuditParts {
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  readonly settings: SettingsByTenant;
  readonly readAccounting: (tenant: string) => Promise<Accounting>;
  /** Waits until all that was accepted before is loaded; false where it was not in time. */
  readonly settle: (signal: AbortSignal) => Promise<boolean>;
  /** From 0 to 1, which it never is. */
  readonly random: () => number;
}

/** What one self-audit found. */
export interface SelfAuditFindings {
  readonly tenants: number;
  readonly compared: number;
  readonly differences: readonly AuditDifference[];
  /** Events that conservation cannot account for, over all tenants, in size. */
  readonly residueEvents: number;
  /** Tenants' currencies of which money is missing, or there is too much: `tenant: currency amount`. */
  readonly residueCurrencies: readonly string[];
}

/** What of a tenant is not accounted for. */
interface Residue {
  readonly events: number;
  /** Currencies, each with its amount. */
  readonly currencies: readonly string[];
}

const NOTHING: Residue = { events: 0, currencies: [] };
/** Differences that are looked at again. */
const MAX_DIFFERENCES = 100;
/** What differs while events come may be on its way: it is compared so often before it counts, each time when all is loaded. */
const ROUNDS = 3;

/**
 * Holds a sample of stored results against the facts, and everything that was accepted against what became of it, again and again: what
 * is lost, counted twice or credited wrongly shows here although every lag is 0.
 */
export class SelfAudit {
  readonly #parts: SelfAuditParts;
  readonly #options: SelfAuditOptions;
  readonly #metrics;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: SelfAuditParts, options: SelfAuditOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#metrics = createMetrics(parts.telemetry.metrics, [
      "tributary_self_audit_conversions_total",
      "tributary_self_audit_differences",
      "tributary_self_audit_failures_total",
      "tributary_self_audit_finished_seconds",
      "tributary_conservation_residue_events",
      "tributary_conservation_residue_currencies",
    ]);
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /** One self-audit: its findings are logged and exported. @throws the engine's and the client's errors */
  async check(): Promise<SelfAuditFindings> {
    const { engine, random } = this.#parts;
    const counts = [...(await countConversions(engine))];
    const chosen = counts
      .map((count) => ({ ...count, place: random() }))
      .toSorted((a, b) => a.place - b.place)
      .slice(0, this.#options.tenants);
    let compared = 0;
    const differences: AuditDifference[] = [];
    let residueEvents = 0;
    const residueCurrencies: string[] = [];
    for (const { tenant, conversions } of chosen) {
      if (this.#abort.signal.aborted) break;
      const sample = await this.#sample(tenant, conversions);
      compared += sample.compared;
      differences.push(...sample.differences);
      const residue = await this.#residueOf(tenant);
      residueEvents += Math.abs(residue.events);
      residueCurrencies.push(...residue.currencies.map((money) => `${tenant}: ${money}`));
    }
    const found = {
      tenants: chosen.length,
      compared,
      differences,
      residueEvents,
      residueCurrencies,
    };
    // One that was cut short has found nothing that could be exported.
    if (this.#abort.signal.aborted) return found;
    this.#export(found);
    return found;
  }

  #export({ compared, differences, residueEvents, residueCurrencies }: SelfAuditFindings): void {
    this.#metrics.tributary_self_audit_conversions_total.inc(compared);
    this.#metrics.tributary_self_audit_differences.set(differences.length);
    this.#metrics.tributary_conservation_residue_events.set(residueEvents);
    this.#metrics.tributary_conservation_residue_currencies.set(residueCurrencies.length);
    this.#metrics.tributary_self_audit_finished_seconds.set(Date.now() / 1000);
    if (differences.length + residueEvents + residueCurrencies.length === 0) return;
    const [first] = differences;
    this.#parts.telemetry.logger.error(
      {
        differences: differences.length,
        conversion: first?.conversion,
        difference: first?.difference,
        residueEvents,
        residueCurrencies,
      },
      "the self-audit found results that the facts do not give, or events or money that are not accounted for",
    );
  }

  /** Compares a slice of a tenant's users. What differs each time, with all loaded in between, does so for good. */
  async #sample(
    tenant: string,
    conversions: number,
  ): Promise<{ readonly compared: number; readonly differences: readonly AuditDifference[] }> {
    const { engine, settings, settle, random } = this.#parts;
    const slices = Math.max(1, Math.ceil(conversions / this.#options.conversions));
    const sample = { slices, slice: Math.floor(random() * slices) };
    let compared = 0;
    let lasting: readonly AuditDifference[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Under a load that never ends it may never be settled: differences are compared all the same.
      if (round > 0) {
        await this.#pause();
        await settle(this.#abort.signal);
      }
      const report = await audit(engine, {
        tenant,
        settings: settings.of(tenant),
        maxDifferences: MAX_DIFFERENCES,
        sample,
      });
      compared = report.compared;
      const found = report.differences;
      const known = new Set(lasting.map(({ conversion, userKey }) => `${userKey} ${conversion}`));
      lasting =
        round === 0
          ? found
          : found.filter(({ conversion, userKey }) => known.has(`${userKey} ${conversion}`));
      if (lasting.length === 0) break;
    }
    return { compared, differences: lasting };
  }

  /**
   * What of a tenant is not accounted for, each time when all was loaded in between. While events come, those under way are in no class
   * yet: as many as were accepted since everything was last loaded. What is being erased is between two classes.
   */
  async #residueOf(tenant: string): Promise<Residue> {
    let least: Residue | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round > 0) await this.#pause();
      const { complete, residue } = await this.#residueNow(tenant);
      least = least === undefined ? residue : smaller(least, residue);
      if (complete || (least.events === 0 && least.currencies.length === 0)) break;
    }
    return least ?? NOTHING;
  }

  async #residueNow(
    tenant: string,
  ): Promise<{ readonly complete: boolean; readonly residue: Residue }> {
    const { engine, settings, readAccounting, settle } = this.#parts;
    const erasingBefore = await countErased(engine, tenant);
    const before = await readAccounting(tenant);
    const settled = await settle(this.#abort.signal);
    const { complete, events, money } = await conserve(
      engine,
      tenant,
      settings.of(tenant),
      async () => readAccounting(tenant),
    );
    const erasing = await countErased(engine, tenant);
    if (erasingBefore.pending + erasing.pending > 0) return { complete: false, residue: NOTHING };
    const since = events.accepted - before.accounts.accepted;
    const missing = settled ? Math.max(0, events.residue - since) : 0;
    return {
      complete,
      residue: {
        events: complete || events.residue < 0 ? events.residue : missing,
        currencies: money
          .filter(({ residue }) => Number(residue) !== 0)
          .map(({ currency, residue }) => `${currency} ${residue}`),
      },
    };
  }

  async #pause(): Promise<void> {
    try {
      await sleep(this.#options.pauseMs, undefined, { signal: this.#abort.signal });
    } catch {
      // Aborted, the only way this sleep rejects: the audit ends with its next step.
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await sleep(this.#options.intervalMs, undefined, { signal });
      } catch {
        return; // aborted: the only way this sleep rejects
      }
      try {
        await this.check();
      } catch (error) {
        this.#metrics.tributary_self_audit_failures_total.inc();
        this.#parts.telemetry.logger.warn(
          { err: error },
          "the self-audit failed; it is done again when it is due",
        );
      }
    }
  }
}

/** What is in both: the smaller residue of events where they agree in its sign, and the amounts that are the same. */
function smaller(a: Residue, b: Residue): Residue {
  const events = Math.sign(a.events) === Math.sign(b.events) ? [a.events, b.events] : [0];
  return {
    events: events.toSorted((x, y) => Math.abs(x) - Math.abs(y))[0] ?? 0,
    currencies: b.currencies.filter((money) => a.currencies.includes(money)),
  };
}

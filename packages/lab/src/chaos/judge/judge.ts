import {
  DEFAULT_IDENTITY_RULES,
  DEFAULT_RULES,
  differenceOf,
  expectedResults,
  type PlainEvent,
  type PlainResult,
  type PlainRules,
} from "@tributary/oracle";
import {
  audit,
  type AuditReport,
  DEFAULT_REPORT_SETTINGS,
  warehouseFolder,
} from "@tributary/reports";
import { EVENTS_TABLE, openWarehouse } from "@tributary/warehouse";
import type { Evidence } from "./evidence.ts";
import { judgeOrders } from "./judge-orders.ts";
import { isDuplicate, type LastResult, lastResults } from "./last-results.ts";
import { judgePassersBy } from "./judge-passers-by.ts";
import type { Sent } from "../traffic/load.ts";
import type { Verdict } from "./verdict.ts";
import type { Reported } from "./reported.ts";
import { PASSERS_BY_TENANT, type PassersByOutcome } from "../traffic/passers-by.ts";
import { MAX_ANONYMOUS_IDS, TENANTS } from "../traffic/workload.ts";

/** Events of people who stay, and of people who were all erased after these. */
export interface SentEvents {
  readonly stayers: readonly Sent[];
  readonly leavers: readonly Sent[];
  readonly passersBy: PassersByOutcome;
}

/** What the platform of a run is set to. */
const RULES: PlainRules = {
  ...DEFAULT_RULES,
  identity: { ...DEFAULT_IDENTITY_RULES, limit: MAX_ANONYMOUS_IDS },
};

/** Words of at most so many problems are kept; the numbers count all. */
const MAX_PROBLEMS = 20;

/** An event as the warehouse has it, and in how many rows. */
interface StoredEvent {
  readonly event_id: string;
  readonly rows: string;
}

/** Compares a stopped platform's warehouse, and what was read of it before, with what was sent. */
export class Judge {
  readonly #problems: string[] = [];
  #lost = 0;
  #duplicated = 0;
  #wrongCredits = 0;
  #auditDifferences = 0;
  #unexplained = 0;

  /** Something that nothing sent explains. */
  unexplained(what: string, count = 1): void {
    this.#unexplained += count;
    this.#say(what);
  }

  /**
   * @param dataDir of the platform, which must not run any more
   * @param poison blocks that were put into streams to become dead letters
   */
  async judge(
    { stayers, leavers, passersBy }: SentEvents,
    evidence: Evidence & { readonly reported: Reported },
    poison: readonly string[],
    dataDir: string,
  ): Promise<Verdict> {
    const warehouse = await openWarehouse({ dataDir: warehouseFolder(dataDir) });
    let acknowledged = 0;
    let conversions = 0;
    let stored = 0;
    let erased = 0;
    try {
      for (const tenant of TENANTS) {
        const events = stayers.filter((one) => one.tenant === tenant);
        const gone = leavers.filter((one) => one.tenant === tenant);
        acknowledged += [...events, ...gone].filter((one) => one.acknowledged).length;
        const rows = await warehouse.query<StoredEvent>(
          `SELECT event_id, toString(count()) AS rows FROM ${EVENTS_TABLE} FINAL WHERE tenant = {tenant:String} GROUP BY event_id`,
          { tenant },
        );
        stored += rows.length;
        const taken = evidence.reported.erased.get(tenant) ?? 0;
        erased += taken;
        const others = this.#judgeErased(tenant, gone, rows, taken);
        const counted = this.#judgeEvents(tenant, events, others);
        const last = await lastResults(warehouse, tenant);
        const booked = evidence.books.get(tenant)?.get("duplicate_orders") ?? 0;
        const repeated = judgeOrders(counted, RULES, last, booked, (what, count, words) => {
          if (what === "unexplained") this.unexplained(`${tenant}: ${words}`, count);
          else this.#count(what, count, `${tenant}: ${words}`);
        });
        const results = last.filter((row) => !isDuplicate(row));
        const expected = expectedResults(counted, RULES, repeated);
        conversions += expected.size;
        this.#judgeResults(tenant, expected, results);
        const audited = await audit(warehouse, {
          tenant,
          settings: DEFAULT_REPORT_SETTINGS,
          maxDifferences: MAX_PROBLEMS,
        });
        this.#judgeAudit(tenant, expected.size, audited);
        const reported = evidence.reported.conversions.get(tenant) ?? 0;
        this.#judgeReported(tenant, reported, expected.size);
      }
      const late = evidence.books.get(PASSERS_BY_TENANT)?.get("late") ?? 0;
      await judgePassersBy(warehouse, passersBy, { rules: RULES, late }, (what, count, words) => {
        if (what === "unexplained") this.unexplained(words, count);
        else this.#count(what, count, words);
      });
    } finally {
      await warehouse.close();
    }
    this.#judgeCounts(evidence, stored, erased);
    this.#judgeDeadLetters(evidence.deadLetters, poison);
    return {
      events: stayers.length + leavers.length,
      erased,
      acknowledged,
      conversions,
      lost: this.#lost,
      duplicated: this.#duplicated,
      wrongCredits: this.#wrongCredits,
      auditDifferences: this.#auditDifferences,
      unexplained: this.#unexplained,
      problems: this.#problems,
    };
  }

  /** The report counts each conversion that the oracle has. */
  #judgeReported(tenant: string, reported: number, expected: number): void {
    const what = `${tenant}: the report counts ${reported} conversions, the oracle ${expected}`;
    if (reported > expected) this.#count("duplicated", reported - expected, what);
    else if (reported < expected) this.#count("lost", expected - reported, what);
  }

  /** Of erased people nothing is left, and all of theirs that was acknowledged had come. @returns the others' rows */
  #judgeErased(
    tenant: string,
    sent: readonly Sent[],
    rows: readonly StoredEvent[],
    erased: number,
  ): StoredEvent[] {
    const ids = new Set(sent.map(({ event }) => event.id));
    const others = rows.filter(({ event_id: id }) => !ids.has(id));
    if (others.length < rows.length) {
      const left = rows.length - others.length;
      this.unexplained(`${tenant}: ${left} events of erased people are there`, left);
    }
    const acknowledged = sent.filter((one) => one.acknowledged).length;
    if (erased < acknowledged) {
      const what = `${tenant}: ${acknowledged} events of erased people were acknowledged, ${erased} went`;
      this.#count("lost", acknowledged - erased, what);
    } else if (erased > ids.size) {
      const what = `${tenant}: ${erased} events of erased people went, ${ids.size} are distinct`;
      this.#count("duplicated", erased - ids.size, what);
    }
    return others;
  }

  /** @returns the events that have to count: those acknowledged, and those that arrived without an answer */
  #judgeEvents(tenant: string, sent: readonly Sent[], rows: readonly StoredEvent[]): PlainEvent[] {
    const stored = new Map(rows.map((row) => [row.event_id, Number(row.rows)]));
    for (const [id, count] of stored) {
      if (count > 1) this.#count("duplicated", count - 1, `${tenant}: ${id} is ${count} facts`);
    }
    const known = new Set(sent.map(({ event }) => event.id));
    for (const id of stored.keys()) {
      if (!known.has(id))
        this.unexplained(`${tenant}: ${id} is in the warehouse and was never sent`);
    }
    const counted: PlainEvent[] = [];
    for (const { event, acknowledged } of sent) {
      const arrived = stored.has(event.id);
      if (acknowledged || arrived) counted.push(event);
      if (acknowledged && !arrived) {
        this.#count(
          "lost",
          1,
          `${tenant}: ${event.type} ${event.id} was acknowledged and is nowhere`,
        );
      }
    }
    return counted;
  }

  #judgeResults(
    tenant: string,
    expected: ReadonlyMap<string, PlainResult>,
    results: readonly LastResult[],
  ): void {
    const found = new Map(results.map((row) => [`${row.user_key}/${row.conversion_id}`, row]));
    for (const [key, plain] of expected) {
      const row = found.get(key);
      if (row === undefined) {
        this.#count("lost", 1, `${tenant}: conversion ${key} has no result`);
        continue;
      }
      const difference = differenceOf(row, plain);
      if (difference !== undefined) {
        this.#count("wrongCredits", 1, `${tenant}: conversion ${key}: ${difference}`);
      }
    }
    for (const key of found.keys()) {
      if (!expected.has(key))
        this.unexplained(`${tenant}: a result for ${key}, which was never sent`);
    }
  }

  /** The audit must see every conversion, and none that differs from its facts. */
  #judgeAudit(tenant: string, conversions: number, audited: AuditReport): void {
    this.#auditDifferences += audited.different;
    for (const { conversion, difference } of audited.differences) {
      this.#say(`${tenant}: the audit says of ${conversion}: ${difference}`);
    }
    if (audited.compared !== conversions) {
      this.unexplained(
        `${tenant}: the audit compared ${audited.compared} conversions of ${conversions}`,
      );
    }
  }

  /** Every distinct event is processed once, and is once in the logs. */
  #judgeCounts({ books, residues, logged }: Evidence, stored: number, erased: number): void {
    let processed = 0;
    for (const [tenant, counts] of books) {
      // Their partition's books begin anew where it was flushed.
      if (tenant !== PASSERS_BY_TENANT) processed += counts.get("processed") ?? 0;
      for (const [name, count] of counts) {
        if (name.startsWith("dropped_") && count > 0) {
          this.unexplained(`${tenant}: ${count} events were dropped (${name})`, count);
        }
      }
    }
    const balance = (what: string, count: number, least: number): void => {
      const most = stored + erased;
      if (count > most) {
        this.#count("duplicated", count - most, `${count} events ${what}, ${most} are distinct`);
      } else if (count < least) {
        this.unexplained(`${count} events ${what}, ${least} were in the warehouse`, least - count);
      }
    };
    balance("were processed by the books", processed, stored + erased);
    // They are rid of what was erased some time later.
    balance("are in the fact logs", logged, stored);
    for (const residue of residues) this.unexplained(`the books do not close: ${residue}`);
  }

  #judgeDeadLetters(blocks: readonly string[], poison: readonly string[]): void {
    for (const block of poison) {
      if (!blocks.includes(block)) this.unexplained(`"${block}" is not among the dead letters`);
    }
    for (const block of blocks) {
      if (!poison.includes(block)) this.unexplained("a good entry is among the dead letters");
    }
  }

  #count(what: "lost" | "duplicated" | "wrongCredits", count: number, words: string): void {
    if (what === "lost") this.#lost += count;
    else if (what === "duplicated") this.#duplicated += count;
    else this.#wrongCredits += count;
    this.#say(words);
  }

  #say(words: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(words);
  }
}

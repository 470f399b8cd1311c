import { deadLettersKey, factsKey, rewrittenFactsKey, stateKey } from "@tributary/protocol";
import {
  DEFAULT_IDENTITY_RULES,
  DEFAULT_RULES,
  differenceOf,
  expectedResults,
  type PlainEvent,
  type PlainResult,
  type PlainRules,
  type StoredResult,
} from "@tributary/oracle";
import {
  audit,
  type AuditReport,
  DEFAULT_REPORT_SETTINGS,
  warehouseFolder,
} from "@tributary/reports";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE, openWarehouse } from "@tributary/warehouse";
import type { Redis } from "ioredis";
import type { Sent } from "./load.ts";
import { MAX_ANONYMOUS_IDS, TENANTS } from "./workload.ts";

/** What is wrong, in numbers that must all be 0, and in words. */
export interface Verdict {
  /** Distinct events that were sent, and of them those that were acknowledged. */
  readonly events: number;
  readonly acknowledged: number;
  /** Events of people who were erased, which were in the warehouse and are not. */
  readonly erased: number;
  /** Conversions whose credits were compared. */
  readonly conversions: number;
  /** Acknowledged events that have no effect. */
  readonly lost: number;
  /** Effects that an event has had beyond its first. */
  readonly duplicated: number;
  /** Conversions whose path, credits or value are not what the oracle computes. */
  readonly wrongCredits: number;
  /** Conversions whose stored result is not what the stored facts give. */
  readonly auditDifferences: number;
  /** Everything else that should not be, such as books that do not close. */
  readonly unexplained: number;
  readonly problems: readonly string[];
}

/** What is read of the platform before it is stopped. */
export interface Evidence {
  /** Sums of the books' counters, over partitions, by tenant and name. */
  readonly books: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Differences of accepted and the sum of what became of it, of each partition and tenant where there is one. */
  readonly residues: readonly string[];
  /** Facts in the logs of all partitions. */
  readonly logged: number;
  /** Events that were computed again. */
  readonly recomputed: number;
  /** Blocks among the dead letters. */
  readonly deadLetters: readonly string[];
  /** Conversions that the report counts, by tenant. */
  readonly reported: ReadonlyMap<string, number>;
  /** Events that erasures took from the warehouse, by tenant. */
  readonly erased: ReadonlyMap<string, number>;
}

/** Events of people who stay, and of people who were all erased after these. */
export interface SentEvents {
  readonly stayers: readonly Sent[];
  readonly leavers: readonly Sent[];
}

/** Whether a verdict has none of what must not be. */
export function isClean(verdict: Verdict): boolean {
  const { lost, duplicated, wrongCredits, auditDifferences, unexplained } = verdict;
  return lost + duplicated + wrongCredits + auditDifferences + unexplained === 0;
}

/** What the platform of a run is set to. */
const RULES: PlainRules = {
  ...DEFAULT_RULES,
  identity: { ...DEFAULT_IDENTITY_RULES, limit: MAX_ANONYMOUS_IDS },
};

/** Words of at most so many problems are kept; the numbers count all. */
const MAX_PROBLEMS = 20;

/** Reads books, logs and dead letters from Redis, by their documented names and with nothing of `streams`. */
export async function readEvidence(
  redis: Redis,
  partitions: number,
  reported: ReadonlyMap<string, number>,
  erased: ReadonlyMap<string, number>,
): Promise<Evidence> {
  const books = new Map<string, Map<string, number>>();
  const residues: string[] = [];
  const deadLetters: string[] = [];
  let logged = 0;
  let recomputed = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    const state = await redis.hgetall(stateKey(partition));
    recomputed += Number(state["recomputed"] ?? 0);
    for (const [tenant, counts] of booksOf(state)) {
      const sums = books.get(tenant) ?? new Map<string, number>();
      books.set(tenant, sums);
      let residue = 0;
      for (const [name, count] of counts) {
        sums.set(name, (sums.get(name) ?? 0) + count);
        if (name === "accepted") residue += count;
        else if (isOutcome(name)) residue -= count;
      }
      if (residue !== 0) residues.push(`partition ${partition}, tenant ${tenant}: ${residue}`);
    }
    for (const [, fields] of await redis.xrange(factsKey(partition), "-", "+")) {
      logged += Number(fieldOf(fields, "n"));
    }
    for (const block of await redis.zrange(rewrittenFactsKey(partition), "0", "-1")) {
      logged += Number(block.split(" ", 2)[1]);
    }
    for (const [, fields] of await redis.xrange(deadLettersKey(partition), "-", "+")) {
      deadLetters.push(fieldOf(fields, "b"));
    }
  }
  return { books, residues, logged, recomputed, deadLetters, reported, erased };
}

/** What becomes of an accepted event; the books hold remarks beside (late, say), which are no outcome of their own. */
function isOutcome(name: string): boolean {
  return ["duplicate", "processed", "dead_lettered"].includes(name) || name.startsWith("dropped_");
}

function booksOf(state: Readonly<Record<string, string>>): Map<string, Map<string, number>> {
  const books = new Map<string, Map<string, number>>();
  for (const [field, count] of Object.entries(state)) {
    const [kind, tenant, name] = field.split(":");
    if (kind !== "books" || tenant === undefined || name === undefined) continue;
    const counts = books.get(tenant) ?? new Map<string, number>();
    counts.set(name, Number(count));
    books.set(tenant, counts);
  }
  return books;
}

function fieldOf(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? "";
  return "";
}

/** An event as the warehouse has it, and in how many rows. */
interface StoredEvent {
  readonly event_id: string;
  readonly rows: string;
}

/** The last result of a conversion, as the warehouse has it. */
interface LastResult extends StoredResult {
  readonly tenant: string;
  readonly conversion_id: string;
  readonly user_key: string;
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
    { stayers, leavers }: SentEvents,
    evidence: Evidence,
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
        const taken = evidence.erased.get(tenant) ?? 0;
        erased += taken;
        const others = this.#judgeErased(tenant, gone, rows, taken);
        const counted = this.#judgeEvents(tenant, events, others);
        const results = await warehouse.query<LastResult>(
          `SELECT * EXCEPT (reason) FROM (SELECT tenant, conversion_id, user_key, reason, toString(value) AS value, touch_id, touch_channel,
            credit_model, credit_touch, arrayMap(x -> toString(x), credit_share) AS credit_share,
            arrayMap(x -> toString(x), credit_value) AS credit_value
          FROM ${ATTRIBUTIONS_TABLE} FINAL WHERE tenant = {tenant:String}
          ORDER BY conversion_id, generation DESC, attributed_at DESC, revision DESC LIMIT 1 BY conversion_id, sent_user_key, sent_anonymous)
          WHERE reason != 'duplicate'`,
          { tenant },
        );
        const expected = expectedResults(counted, RULES);
        conversions += expected.size;
        this.#judgeResults(tenant, expected, results);
        const audited = await audit(warehouse, {
          tenant,
          settings: DEFAULT_REPORT_SETTINGS,
          maxDifferences: MAX_PROBLEMS,
        });
        this.#judgeAudit(tenant, expected.size, audited);
        const reported = evidence.reported.get(tenant) ?? 0;
        if (reported !== expected.size) {
          const what = `${tenant}: the report counts ${reported} conversions, the oracle ${expected.size}`;
          if (reported > expected.size) this.#count("duplicated", reported - expected.size, what);
          else this.#count("lost", expected.size - reported, what);
        }
      }
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
      processed += counts.get("processed") ?? 0;
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

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  differenceOf,
  expectedResults,
  type PlainEvent,
  type PlainResult,
} from "@tributary/oracle";
import { parseDecimal } from "@tributary/protocol";
import {
  countAuditSlices,
  countErased,
  readAuditDecisions,
  readAuditFacts,
  readAuditOrders,
  readAuditRefunds,
  readAuditResults,
  watermarkBefore,
  type AuditDecision,
  type AuditFact,
  type AuditResult,
  type WarehouseEngine,
} from "@tributary/warehouse";
import type { ReportSettings } from "../question/settings.ts";

/** Settings of an audit. */
export interface AuditOptions {
  readonly tenant: string;
  readonly settings: ReportSettings;
  /** Most differences that are described; all are counted. */
  readonly maxDifferences: number;
  /** Looks at one slice of the users only; at all of them where it is not given. */
  readonly sample?: { readonly slice: number; readonly slices: number };
}

/** A conversion whose stored result differs from the one recomputed from its facts. */
export interface AuditDifference {
  readonly conversion: string;
  readonly userKey: string;
  readonly difference: string;
}

/** Streamed results against results recomputed from the facts. */
export interface AuditReport {
  readonly compared: number;
  readonly agreed: number;
  readonly different: number;
  /** The first of them. */
  readonly differences: readonly AuditDifference[];
  /** Conversions whose stored result may rightly differ, by reason. */
  readonly notComparable: {
    /**
     * The conversion, or a fact that concerns it, came later than the allowed lateness after its tenant's newest event: the
     * workers may have released what it needs. The books count such events as late.
     */
    readonly late: number;
  };
}

/**
 * Recomputes every conversion's result from the warehouse's facts by the oracle, which shares no code with the workers, and
 * compares path, channels, net value, and every credit of every model. Holds one slice of the users at a time.
 * @throws WarehouseError as the engine's query
 */
export async function audit(engine: WarehouseEngine, options: AuditOptions): Promise<AuditReport> {
  const { tenant } = options;
  const counts = { compared: 0, agreed: 0, late: 0, different: 0 };
  const differences: AuditDifference[] = [];
  const { sample } = options;
  const slices = sample?.slices ?? (await countAuditSlices(engine, tenant));
  const first = sample?.slice ?? 0;
  const last = sample?.slice ?? slices - 1;
  const isErased = (await countErased(engine, tenant)).events > 0;
  for (let slice = first; slice <= last; slice += 1) {
    const asked = { tenant, slice, slices, names: options.settings.channels?.names };
    const facts = await readAuditFacts(engine, asked);
    const refunds = options.settings.reusedOrderIds ? [] : await readAuditRefunds(engine, asked);
    const byOrder = Map.groupBy(refunds, ({ order_id }) => order_id);
    const results = await readAuditResults(engine, asked);
    const decisions = Map.groupBy(await readAuditDecisions(engine, asked), userOf);
    for (const found of compare(facts, results, byOrder, isErased, options)) {
      counts.compared += 1;
      if (found.difference === undefined) {
        counts.agreed += 1;
      } else if (await isLate(engine, options, found, decisions.get(found.user) ?? [])) {
        counts.late += 1;
      } else {
        counts.different += 1;
        const { conversion, userKey, difference } = found;
        if (differences.length < options.maxDifferences) {
          differences.push({ conversion, userKey, difference });
        }
      }
    }
    await nextTurn();
  }
  // All orders at once: their conversions may be of users of several slices.
  if (sample === undefined && !options.settings.reusedOrderIds) {
    const { clickWindowMs, viewWindowMs, latenessMs } = options.settings;
    const horizonMs = Math.max(clickWindowMs, viewWindowMs) + latenessMs;
    for (const order of await readAuditOrders(engine, tenant, horizonMs, isErased)) {
      counts.different += 1;
      const { conversion_id: conversion, user_key: userKey, order_id, name, counted } = order;
      const difference = `of order ${order_id}${name === "" ? "" : ` (${name})`} ${counted} conversions count, not 1`;
      if (differences.length < options.maxDifferences) {
        differences.push({ conversion, userKey, difference });
      }
    }
  }
  const { late, ...rest } = counts;
  return { ...rest, differences, notComparable: { late } };
}

interface Compared {
  /** See {@link userOf}. */
  readonly user: string;
  readonly conversion: string;
  readonly userKey: string;
  readonly difference: string | undefined;
  /** Of the user. */
  readonly facts: readonly AuditFact[];
}

/** @param refunds of all orders that the users have, by order @param isErased whether people were erased */
function* compare(
  facts: readonly AuditFact[],
  results: readonly AuditResult[],
  refunds: ReadonlyMap<string, readonly AuditFact[]>,
  isErased: boolean,
  { settings }: AuditOptions,
): Generator<Compared> {
  const rules = {
    click: settings.clickWindowMs,
    view: settings.viewWindowMs,
    sessionGap: settings.sessionGapMs,
    halfLife: settings.halfLifeMs,
    reusedOrderIds: settings.reusedOrderIds,
    direct: settings.directChannels,
  };
  const stored = Map.groupBy(results, userOf);
  for (const [user, own] of Map.groupBy(facts, userOf)) {
    const orders = new Set(own.map(({ order_id }) => order_id));
    const ofOrders = [...orders].flatMap((order) => refunds.get(order) ?? []);
    const others = ofOrders.filter((fact) => userOf(fact) !== user);
    // The facts are without conversions that repeat an order: no event tells which of them arrived first.
    const expected = expectedResults([...own, ...others].map(plainEvent), rules, new Set());
    const given = Map.groupBy(stored.get(user) ?? [], (result) => result.conversion_id);
    for (const fact of own.filter(({ type }) => type === "conversion")) {
      const id = fact.event_id;
      const difference = differenceBetween(
        given.get(id),
        expected.get(`${user}/${id}`),
        isErased && fact.order_id !== "",
      );
      given.delete(id);
      yield { user, conversion: id, userKey: fact.user_key, difference, facts: own };
    }
    for (const { conversion_id: conversion, user_key: userKey } of [...given.values()].flat()) {
      const difference = "there is a result, and no such conversion among the facts";
      yield { user, conversion, userKey, difference, facts: own };
    }
    stored.delete(user);
  }
  for (const result of [...stored.values()].flat()) {
    const { conversion_id: conversion, user_key: userKey } = result;
    const difference = "there is a result, and no conversion of the user among the facts";
    yield { user: userOf(result), conversion, userKey, difference, facts: [] };
  }
}

/** @param mayBeRefunded whether refunds of its order may no longer be among the facts */
function differenceBetween(
  results: readonly AuditResult[] | undefined,
  plain: PlainResult | undefined,
  mayBeRefunded: boolean,
): string | undefined {
  const [stored, ...more] = results ?? [];
  if (more.length > 0) return `there is one conversion of the ID, and ${more.length + 1} results`;
  if (stored === undefined) return "there is a conversion, and no result";
  if (plain === undefined) return "there is a result, and none can be computed";
  const value = parseDecimal(stored.value) ?? plain.value;
  // The refund of a person who was erased goes on to count for another one's order.
  return differenceOf(stored, mayBeRefunded && value < plain.value ? { ...plain, value } : plain);
}

/** A user ID and an anonymous ID of the same letters are two users. */
function userOf(row: { readonly user_key: string; readonly is_anonymous: boolean }): string {
  return `${row.is_anonymous ? "anonymous" : "user"}:${row.user_key}`;
}

function plainEvent(fact: AuditFact): PlainEvent {
  return {
    id: fact.event_id,
    type: fact.type,
    time: Number(fact.time_ms),
    userId: userOf(fact),
    channel: fact.channel,
    source: fact.source,
    medium: fact.medium,
    campaign: fact.campaign,
    referrer: fact.referrer,
    url: fact.url,
    ...(fact.value === null ? {} : { value: fact.value }),
    ...(fact.currency === "" ? {} : { currency: fact.currency }),
    ...(fact.order_id === "" ? {} : { orderId: fact.order_id }),
  };
}

/**
 * Whether the workers may have released what the conversion needs before the last fact of its user came, or before identity
 * resolution joined the user's chains.
 */
async function isLate(
  engine: WarehouseEngine,
  { tenant, settings }: AuditOptions,
  { facts, conversion: id }: Compared,
  decisions: readonly AuditDecision[],
): Promise<boolean> {
  const conversion = facts.find(({ event_id, type }) => event_id === id && type === "conversion");
  if (conversion === undefined) return false;
  const last = facts.reduce((latest, fact) =>
    isAfter(fact.position, latest.position) ? fact : latest,
  );
  for (const { partition, position } of [last, ...decisions]) {
    const watermark = await watermarkBefore(engine, tenant, partition, position);
    if (Number(conversion.time_ms) + settings.latenessMs < watermark) return true;
  }
  return false;
}

/** Whether an entry ID, `<ms>-<number>`, is the later one. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, sequence = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherSequence = 0] = other.split("-").map(Number);
  return ms === otherMs ? sequence > otherSequence : ms > otherMs;
}

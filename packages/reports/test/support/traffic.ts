import {
  type ChannelSettings,
  DEFAULT_JOURNEY_OPTIONS,
  PartitionState,
  Vocabulary,
} from "@tributary/attribution";
import {
  BatchScanner,
  createRowDictionaries,
  EntryWriter,
  packEvents,
  type TributaryEvent,
} from "@tributary/protocol";
import { duplicateOrdersOf } from "../../../../test/support/oracle.ts";
import { FactRows, ResultRows, type WarehouseEngine } from "@tributary/warehouse";
import { answerAttribution, type Attribution } from "../../src/attribution/attribution.ts";
import { parseQuestion } from "../../src/question/question.ts";
import { DEFAULT_REPORT_SETTINGS, type ReportSettings } from "../../src/question/settings.ts";
import { T0 } from "./blocks.ts";
import { localComputer, temporaryWarehouse } from "./parts.ts";

const YEAR_MS = 365 * 86_400_000;

/** An entry as the gateway writes it. */
function entryOf(events: readonly TributaryEvent[], tenant: string): Uint8Array {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  const options = {
    now: T0 + YEAR_MS,
    tenant: dictionaries.tenants.internText(tenant),
    maxEvents: 65_535,
    maxEventBytes: 65_536,
    maxFutureMs: YEAR_MS,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  const { refused } = new BatchScanner(dictionaries).scan(packEvents(events), options, (row) =>
    writer.append(row),
  );
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
  return writer.finish();
}

/**
 * Brings batches of events into a warehouse as the platform does, each committed a second after the other from `firstMs` on;
 * every third fact block comes twice.
 * @param channels settings of the tenant, where it has its own
 */
export async function loadTraffic(
  engine: WarehouseEngine,
  batches: readonly (readonly TributaryEvent[])[],
  tenant: string,
  firstMs = T0,
  channels?: ChannelSettings,
): Promise<void> {
  const own = channels === undefined ? [] : ([[tenant, channels]] as const);
  const options = { ...DEFAULT_JOURNEY_OPTIONS, latenessMs: YEAR_MS };
  const state = new PartitionState(options, 3, new Vocabulary(3, new Map(own)));
  for (const [i, events] of batches.entries()) {
    if (events.length === 0) continue;
    const { facts: block, results: blocks } = state.process([entryOf(events, tenant)]);
    const position = `${firstMs + i * 1000}-0`;
    const facts = new FactRows(1);
    const results = new ResultRows(1);
    if (block !== undefined) facts.add(block, 0, position);
    if (block !== undefined && i % 3 === 0) facts.add(block, 0, position);
    for (const bytes of blocks) results.add(bytes.bytes, 0, position);
    for (const { table, columns, bytes } of [facts.finish(), results.finish()]) {
      await engine.insertRowBinary(table, columns, bytes);
    }
  }
}

/** How many conversions count: of those of one order and name the first in one partition's traffic. */
export function countedConversions(events: readonly TributaryEvent[]): number {
  const plain = events.map((event) => ({ ...event, value: String(event.value ?? "") }));
  const duplicates = duplicateOrdersOf(plain, {});
  return plain.filter(({ type }) => type === "conversion").length - duplicates.size;
}

/** A warehouse of a test's own, and reports over it. */
export interface TestReports {
  /** Loads batches of events. @returns the tenant that they are of, who has nothing else */
  load(batches: readonly (readonly TributaryEvent[])[]): Promise<string>;
  ask(
    tenant: string,
    parameters: Readonly<Record<string, string>>,
    settings?: ReportSettings,
  ): Promise<Attribution>;
  remove(): Promise<void>;
}

export async function openTestReports(): Promise<TestReports> {
  const { engine, remove } = await temporaryWarehouse();
  const computer = localComputer();
  let tenants = 0;
  return {
    async load(batches) {
      tenants += 1;
      const tenant = `t${tenants}`;
      await loadTraffic(engine, batches, tenant);
      return tenant;
    },
    async ask(tenant, parameters, settings = DEFAULT_REPORT_SETTINGS) {
      const { question } = parseQuestion(parameters, T0 + YEAR_MS, settings);
      return answerAttribution({ engine, computer, settings }, { tenant, ...question });
    },
    remove,
  };
}

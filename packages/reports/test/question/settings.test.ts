import { TenantRules, type ChannelSettings } from "@tributary/attribution";
import type { TributaryEvent } from "@tributary/protocol";
import { storeSpend, type WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerAttribution } from "../../src/attribution/attribution.ts";
import { audit } from "../../src/catalog/audit.ts";
import { CATALOG, type ReportName } from "../../src/catalog/catalog.ts";
import { answerReport } from "../../src/catalog/report.ts";
import { spendRows } from "../../src/formats/import-rows.ts";
import { givenRows } from "../../src/formats/import-text.ts";
import { parseQuestion } from "../../src/question/question.ts";
import { DEFAULT_REPORT_SETTINGS, type ReportSettings } from "../../src/question/settings.ts";
import { click, purchase, T0 } from "../support/blocks.ts";
import { localComputer, temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

const OWN: ChannelSettings = {
  rules: [],
  excludedReferrers: [],
  names: {
    fold: ["source", "campaign", "channel"],
    aliases: { source: { gogle: "Google" }, channel: { paid_search: "SEA" } },
  },
};
const FOLDED: ReportSettings = { ...DEFAULT_REPORT_SETTINGS, channels: new TenantRules(OWN) };
const NOW = T0 + 1e9;

let engine: WarehouseEngine;
let remove: () => Promise<void>;

const SPELLED = ["Google", " google", "GOGLE", "Bing", "bing ", "Partner  A"];
const MEANT = ["Google", "Google", "Google", "bing", "bing", "partner a"];

/** Journeys whose sources are spelled in one way or the other, and whose campaigns are as well. */
const traffic = (sources: readonly string[], isMeant: boolean): TributaryEvent[][] => {
  const campaign = (i: number): string => (i % 2 === 0 || isMeant ? "spring sale" : "Spring  SALE");
  // Rules name the channel by the folded source; an alias then names the channel.
  const channel = (i: number): object =>
    isMeant && (MEANT[i % 6] ?? "") !== "partner a" ? { channel: "SEA" } : { channel: "" };
  return [0, 1, 2].map((batch) =>
    Array.from({ length: 24 }, (_, n) => batch * 24 + n).flatMap((i) => [
      click(`t${i}`, {
        userId: `u${i % 9}`,
        time: T0 - 5000 + i * 7,
        source: sources[i % 6],
        medium: "cpc",
        campaign: campaign(i),
        ...channel(i),
      } as Partial<TributaryEvent>),
      ...(i % 5 === 0
        ? [
            purchase(`c${i}`, {
              userId: `u${i % 9}`,
              time: T0 - 4900 + i * 7,
              value: `${i}`,
              currency: "EUR",
            }),
          ]
        : []),
    ]),
  );
};
const spend = async (tenant: string, sources: readonly string[]): Promise<void> => {
  const lines = sources.map((source, i) => `2023-11-14,"${source}",cpc,c${i},${10 + i},EUR`);
  const csv = `day,source,medium,content,amount,currency\n${lines.join("\n")}\n`;
  const { rows } = await givenRows("spend", Buffer.from(csv));
  await storeSpend(engine, tenant, spendRows(rows), { importedAt: 1, importId: "" });
};

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  // The same journeys thrice: attributed before the setting, attributed with it, and named alike by their senders.
  await loadTraffic(engine, traffic(SPELLED, false), "before");
  await loadTraffic(engine, traffic(SPELLED, false), "with", T0, OWN);
  await loadTraffic(engine, traffic(MEANT, true), "meant");
  await spend("before", SPELLED);
  await spend("with", SPELLED);
  await spend("meant", MEANT);
});
afterAll(() => remove());

const settingsOf = (tenant: string): ReportSettings =>
  tenant === "meant" ? DEFAULT_REPORT_SETTINGS : FOLDED;

const attribution = async (
  tenant: string,
  parameters: Record<string, string>,
): Promise<unknown> => {
  const { question } = parseQuestion(parameters, NOW);
  const settings = settingsOf(tenant);
  const { rows, totals } = await answerAttribution(
    { engine, computer: localComputer(), settings },
    { tenant, ...question },
  );
  return { rows, totals };
};
const catalog = async (
  name: ReportName,
  tenant: string,
  parameters: Record<string, string>,
): Promise<unknown> =>
  answerReport(
    CATALOG[name],
    { engine, tenant, settings: settingsOf(tenant), now: NOW },
    parameters,
  );

describe.each(["before", "with"])(
  "what was attributed %s the setting is as if it had been named alike",
  (tenant) => {
    test.each([
      { by: "source" },
      { by: "campaign,source", model: "linear,last_touch" },
      { by: "source", model: "shapley", nonConverting: "users" },
      { by: "source", clickWindow: "1h" },
      { by: "source,conversion", model: "w_shaped,linear" },
      { by: "source", leaveOut: "source:Google" },
      { by: "source", model: "markov", nonConverting: "tails" },
      { by: "source", conversionTouch: "true" },
    ])("attribution %o", async (parameters) => {
      expect(await attribution(tenant, parameters)).toEqual(await attribution("meant", parameters));
    });

    test.each([
      ["counts", { by: "source,campaign" }],
      ["paths", { by: "source" }],
      ["paths", { by: "source,campaign", nonConverting: "users" }],
      ["assists", { by: "source" }],
      ["changes", { by: "source", since: new Date(T0 + 500).toISOString() }],
      ["cost", { by: "source" }],
    ] as [ReportName, Record<string, string>][])("%s %o", async (name, parameters) => {
      expect(await catalog(name, tenant, parameters)).toEqual(
        await catalog(name, "meant", parameters),
      );
    });

    test("for the audit, which finds no difference", async () => {
      const report = await audit(engine, { tenant, settings: FOLDED, maxDifferences: 5 });
      expect(report).toMatchObject({ different: 0, differences: [] });
      expect(report.agreed).toBeGreaterThan(10);
    });
  },
);

test("a name that is left out is that of every spelling", async () => {
  const leftOut = await attribution("with", { by: "source", leaveOut: "source:GOGLE" });
  expect(leftOut).toEqual(await attribution("meant", { by: "source", leaveOut: "source:Google" }));
});

test("channels are named by the names that are meant", async () => {
  const byChannel = { by: "channel", model: "markov,linear" };
  expect(await attribution("with", byChannel)).toEqual(await attribution("meant", byChannel));
  const paths = { by: "source,channel", nonConverting: "users" };
  expect(await catalog("paths", "with", paths)).toEqual(await catalog("paths", "meant", paths));
});

test("without the setting every name is its own", async () => {
  const { question } = parseQuestion({ by: "source" }, NOW);
  const parts = { engine, computer: localComputer(), settings: DEFAULT_REPORT_SETTINGS };
  const { rows, spellings } = await answerAttribution(parts, { tenant: "before", ...question });
  expect(spellings).toMatchObject([
    { name: "google", count: 2 },
    { name: "bing", count: 2 },
  ]);
  expect(new Set(rows.map((row) => (row as { source?: string }).source))).toEqual(new Set(SPELLED));
});

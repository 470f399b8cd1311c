import { Names } from "@tributary/attribution";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { factsTable, namesParameters, resultsTable } from "../../src/query/names-sql.ts";
import { click, factBlock, T0 } from "../support/blocks.ts";
import { loadFacts, temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

const NAMES = new Names({
  fold: ["source", "campaign"],
  aliases: { source: { gogle: "Google", "a 'b' \\c": "it's \\n" }, medium: { PPC: "cpc" } },
});

test("a tenant without names of its own reads the tables themselves", () => {
  expect(factsTable(undefined, false)).toBe("tributary.events");
  expect(factsTable(new Names({ fold: [], aliases: {} }), true)).toBe("tributary.events FINAL");
  expect(resultsTable(undefined)).toBe("tributary.attributions FINAL");
});

test("the warehouse gives names as the workers do, of any text", async () => {
  const letters = "aAbBİßΣΑς".split("");
  const spaces =
    "\t\n\u000B\f\r \u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF".split("");
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...letters, ...spaces), maxLength: 20 }),
    fc.constantFrom("Google", " GOGLE ", "gogle", "A 'B' \\C", "PPC", "ppc", "\u200B", "\u0085"),
  );
  const texts = fc.sample(text, runs(2000)).map((one) => one.toWellFormed());
  const events = texts.map((source, i) =>
    click(`n${i}`, T0, { userId: `u${i}`, source, medium: source, campaign: source, term: source }),
  );
  const kept = events.filter(({ source = "" }) => Buffer.byteLength(source) <= 256);
  await loadFacts(engine, factBlock(kept, "shop"), `${T0}-0`);
  const rows = await engine.query<Record<"id" | "source" | "medium" | "campaign" | "term", string>>(
    `SELECT event_id AS id, source, medium, campaign, term FROM ${factsTable(NAMES, true)}`,
    { tenant: "shop", ...namesParameters(NAMES) },
  );
  expect(rows.length).toBe(kept.length);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, source: sent = "" } of kept) {
    const { source, medium, campaign, term } = byId.get(id) ?? {};
    expect({ sent, source, medium, campaign, term }).toEqual({
      sent,
      source: NAMES.of("source", sent),
      medium: NAMES.of("medium", sent),
      campaign: NAMES.of("campaign", sent),
      term: sent,
    });
  }
});

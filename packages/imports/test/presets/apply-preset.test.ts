import { describe, expect, test } from "vitest";
import { openTable } from "../../src/file/open-table.ts";
import { lookAt } from "../../src/mapping/look.ts";
import { propose } from "../../src/mapping/propose.ts";
import { applyPreset, findPreset, PRESETS } from "../../src/presets/apply-preset.ts";
import { rowsOf } from "../file/support/tables.ts";
import { readFile } from "./support/read-file.ts";

const SHOPIFY =
  "Name,Email,Financial Status,Currency,Total,Created at,Lineitem name,Vendor,Refunded Amount";
const ORDERS = `${SHOPIFY}\n#1,a@example.com,paid,EUR,5.00,2026-11-01 09:59:00 +0100,Hat,Us,2.00\n#2,,paid,EUR,6.00,2026-11-01 09:59:00 +0100,Hat,Us,\n`;

async function opened(text: string): Promise<ReturnType<typeof applyPreset>> {
  const table = await openTable(Buffer.from(text));
  const preset = findPreset(table.columns);
  if (preset === undefined) throw new Error("no preset recognizes the file");
  return applyPreset(table, preset);
}

test("a file of no tool is of no preset, and one of another kind only of that kind", () => {
  expect(findPreset(["time", "user", "type"])).toBeUndefined();
  const columns = ["Day", "Campaign", "Cost", "Impr."];
  expect(findPreset(columns)?.name).toBe("google-ads");
  expect(findPreset(columns, "events")).toBeUndefined();
});

test("names of presets are each once", () => {
  expect(new Set(PRESETS.map(({ name }) => name)).size).toBe(PRESETS.length);
});

describe("a table as a preset reads it", () => {
  test("has the file's columns, then the derived ones, and a row an event", async () => {
    const { table } = await opened(ORDERS);
    expect(table.columns.slice(0, 9)).toEqual(SHOPIFY.split(","));
    expect(table.columns.slice(9)).toEqual([
      "tributary_as_type",
      "tributary_as_time",
      "tributary_as_user_id",
      "tributary_as_value",
      "tributary_as_name",
    ]);
    const rows = await rowsOf(table);
    expect(rows.map(({ line, cells }) => [line, cells[9], cells[12]])).toEqual([
      [2, "conversion", "5.00"],
      [2, "refund", "2.00"],
      [3, "conversion", "6.00"],
    ]);
  });

  test("tells the columns that it reads from those that fill nothing", async () => {
    const { table, choices } = await opened(ORDERS);
    const { unmapped } = propose(await lookAt(table), choices);
    expect(unmapped).toEqual(["Lineitem name", "Vendor"]);
  });

  test("can be read again: what it remembers is of one reading", async () => {
    const { table } = await opened(ORDERS);
    expect(await rowsOf(table)).toEqual(await rowsOf(table));
  });

  test("is derived anew where a reject file brings derived columns along", async () => {
    const { table } = await opened(ORDERS);
    const refused = (await rowsOf(table))[2]?.cells ?? [];
    const mended = refused.with(1, "b@example.com");
    const { rows } = await readFile(
      `tributary_line,${table.columns.join(",")}\n3,${mended.join(",")}\n`,
    );
    expect(rows).toMatchObject([
      [2, { type: "conversion", userId: "b@example.com", orderId: "#2" }],
    ]);
  });

  test("keeps rows that cannot be read as they are", async () => {
    const { table } = await opened(`${ORDERS}#3,too,few\n`);
    const rows = await rowsOf(table);
    expect(rows.at(-1)).toMatchObject({
      line: 4,
      problem: "expected 9 cells as in the header, got 3",
    });
  });
});

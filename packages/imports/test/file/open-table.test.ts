import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { openTable } from "../../src/file/open-table.ts";
import { cellsOf, rowsOf } from "./support/tables.ts";
import { zipOf } from "./support/zip.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

test("the most usual file needs no word", async () => {
  const table = await openTable(bytes("day,amount\n2026-11-01,5\n\n2026-11-02,6\n"));
  expect(table.columns).toEqual(["day", "amount"]);
  expect(table.said).toEqual([]);
  expect(await rowsOf(table)).toEqual([
    { line: 2, cells: ["2026-11-01", "5"], problem: undefined },
    { line: 4, cells: ["2026-11-02", "6"], problem: undefined },
  ]);
});

describe("reports of ad platforms", () => {
  const report = [
    "Campaign report",
    '"1. November 2026 - 2. November 2026"',
    "Day,Campaign,Currency code,Cost,Impr.",
    '2026-11-01,Hats,EUR,"1,204.50","9,000"',
    "2026-11-02,Total Hats,EUR,80.10,700",
    'Total: Campaigns, --,EUR,"1,284.60","9,700"',
    'Total: Account, --,EUR,"1,284.60","9,700"',
  ];
  const rows = [
    ["2026-11-01", "Hats", "EUR", "1,204.50", "9,000"],
    ["2026-11-02", "Total Hats", "EUR", "80.10", "700"],
  ];

  test("title rows before the header and total rows at the end are skipped, and said", async () => {
    const table = await openTable(bytes(report.join("\r\n")));
    expect(table.columns).toEqual(["Day", "Campaign", "Currency code", "Cost", "Impr."]);
    expect(await cellsOf(table)).toEqual(rows);
    expect(table.format).toMatchObject({ headerLine: 3, skippedTitleRows: 2 });
    expect(table.said).toEqual(["The columns are named in line 3; skipped before it: line 1, 2."]);
    expect(table.skipped).toEqual([
      { line: 1, reason: 'is a title ("Campaign report")' },
      { line: 2, reason: 'is a title ("1. November 2026 - 2. November 2")' },
      { line: 6, reason: 'is a total ("Total: Campaigns")' },
      { line: 7, reason: 'is a total ("Total: Account")' },
    ]);
  });

  test("in UTF-16 with tabs it is the same", async () => {
    const tabs = report.map((line) => line.replaceAll(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/g, "\t"));
    const table = await openTable(Buffer.from(`\ufeff${tabs.join("\n")}`, "utf16le"));
    expect(await cellsOf(table)).toEqual(rows);
    expect(table.said).toEqual([
      "The text is UTF-16.",
      "The columns are separated by tabs.",
      "The columns are named in line 3; skipped before it: line 1, 2.",
    ]);
  });

  test("with decimal commas the semicolons are the separator", async () => {
    const table = await openTable(
      bytes("day;campaign;amount;currency\n2026-11-01;Hats;45,10;EUR\n"),
    );
    expect(table.columns).toEqual(["day", "campaign", "amount", "currency"]);
    expect(await cellsOf(table)).toEqual([["2026-11-01", "Hats", "45,10", "EUR"]]);
    expect(table.said).toEqual(["The columns are separated by semicolons."]);
  });

  test("a summary row that only its sums give away is skipped, a row that lacks a cell is not", async () => {
    const header = "Campaign name,Day,Currency,Amount spent (EUR),Impressions\n";
    const data = "Hats,2026-11-01,EUR,10.5,100\nShoes,2026-11-01,EUR,4.5,50\n";
    const table = await openTable(bytes(`${header},,EUR,15,150\n${data}`));
    expect(await cellsOf(table)).toHaveLength(2);
    expect(table.skipped).toEqual([
      { line: 2, reason: "is a total (the sum of all other rows, without their names)" },
    ]);
    const other = await openTable(bytes(`${header},2026-11-01,EUR,16,151\n${data}`));
    expect(await cellsOf(other)).toHaveLength(3);
  });

  test("a footer is skipped, in all but a data row's place", async () => {
    const table = await openTable(
      bytes(
        'Day,Campaign,Spend\n2026-11-01,Hats,5\n2026-11-02,Hats,6\n\n"©2026 Microsoft Corporation. All rights reserved. "\n',
      ),
    );
    expect(await cellsOf(table)).toHaveLength(2);
    expect(table.skipped).toMatchObject([
      { line: 5, reason: 'is a footer ("©2026 Microsoft Corporation. All")' },
    ]);
  });
});

describe("the header", () => {
  test("names are trimmed, filled and numbered", async () => {
    const table = await openTable(bytes(" Day , Cost,Cost,,Note\n2026-11-01,1,2,3,x\n"));
    expect(table.columns).toEqual(["Day", "Cost", "Cost (2)", "column 4", "Note"]);
    expect(table.said).toEqual(["Columns of one name were numbered: Cost (2)."]);
  });

  test.each([
    [
      "labels and values before it",
      "Report name:,Campaigns\nAccount:,Shop\n\nDay,Name,Cost\n2026-11-01,a,1\n2026-11-02,a,1\n",
    ],
    [
      "titles padded to its width",
      "Report,All campaigns,,\n,,,\nDay,Name,Cost,Note\n2026-11-01,a,1,x\n2026-11-02,a,1,\n",
    ],
    [
      "a comment before it",
      "# made by a tool, 2026-11-30\nDay,Name,Cost\n2026-11-01,a,1\n2026-11-02,a,1\n",
    ],
    ["names missing at its end", "Day,Name,Cost,,\n2026-11-01,a,1,x,y\n2026-11-02,a,1,x,y\n"],
  ])("is found: %s", async (_, text) => {
    expect((await openTable(bytes(text))).columns.slice(0, 3)).toEqual(["Day", "Name", "Cost"]);
  });

  test("without names at its end has columns only where something stands below", async () => {
    const table = await openTable(bytes("Day,Name,,\n2026-11-01,a,x,\n2026-11-02,a,,\n"));
    expect(table.columns).toEqual(["Day", "Name", "column 3"]);
    expect(await cellsOf(table)).toEqual([
      ["2026-11-01", "a", "x"],
      ["2026-11-02", "a", ""],
    ]);
  });

  test("where there is none, the error shows the line and what was expected", async () => {
    const file = openTable(bytes("2026-11-01,Hats,45.10\n2026-11-02,Hats,3\n"), {
      name: "cost.csv",
    });
    await expect(file).rejects.toThrow(
      'cost.csv: line 1 was expected to name the columns, and holds "2026-11-01", "Hats", "45.10"',
    );
    await expect(openTable(bytes("\n \n"), { name: "a.csv" })).rejects.toThrow("a.csv is empty");
    await expect(openTable(bytes(""), { name: "a.csv" })).rejects.toThrow("a.csv is empty");
  });

  test("its line and the separator may be given", async () => {
    const text = "a;b,c\nd;e,f\n1;2,3\n";
    const table = await openTable(bytes(text), { headerLine: 2, delimiter: ";" });
    expect(table.columns).toEqual(["d", "e,f"]);
    expect(await cellsOf(table)).toEqual([["1", "2,3"]]);
  });

  test("Excel's declaration of the separator is no row", async () => {
    const table = await openTable(bytes("sep=;\r\na;b\r\n1;2,5\r\n"));
    expect([table.columns, await cellsOf(table)]).toEqual([["a", "b"], [["1", "2,5"]]]);
  });

  test("one column is a table as well", async () => {
    const table = await openTable(bytes("email\na@example.com\nb@example.com\n"));
    expect([table.columns, (await cellsOf(table)).length]).toEqual([["email"], 2]);
  });
});

test("a row with other cells than the header is a problem with its line, empty cells beyond it are not", async () => {
  const table = await openTable(bytes("a,b,c\n1,2,3\n1,2\n1,2,3,,\n1,2,3,4\n5,6,7\n"));
  const rows = await rowsOf(table);
  expect(rows.map(({ line, problem }) => [line, problem])).toEqual([
    [2, undefined],
    [3, "expected 3 cells as in the header, got 2"],
    [4, undefined],
    [5, "expected 3 cells as in the header, got 4"],
    [6, undefined],
  ]);
  expect(rows[2]?.cells).toEqual(["1", "2", "3"]);
});

test("a row with bytes of another charset is a problem, and the others are as they were", async () => {
  const row = "1,Größe und Straße für Bäume, Öfen, Äpfel, Übung, ß\n".replaceAll(/, (?!G)/g, " ");
  const table = await openTable(
    Buffer.concat([bytes(`a,b\n${row.repeat(2)}`), Buffer.from([0x32, 0x2c, 0xfc, 0x0a])]),
  );
  expect(table.said).toEqual(["The text is UTF-8, but 1 place is not: their rows are refused."]);
  expect((await rowsOf(table)).map(({ line, problem }) => [line, problem])).toEqual([
    [2, undefined],
    [3, undefined],
    [4, "holds bytes that are no UTF-8, as the rest of the file is"],
  ]);
});

describe("packed files", () => {
  const text = "a,b\n1,2\n";

  test.each([
    ["gzip", gzipSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["zip", zipOf({ "__MACOSX/._a.csv": "x", "a.csv": text })],
  ])("%s is unpacked, whatever the name", async (compression, packed) => {
    const table = await openTable(packed);
    expect(await cellsOf(table)).toEqual([["1", "2"]]);
    expect(table.format.compression).toBe(compression);
    expect(table.said).toEqual([`The file is packed with ${compression}.`]);
  });

  test.each([
    [gzipSync(text).subarray(0, -9), "it breaks off: its compressed content is incomplete"],
    [
      zipOf({ "a.csv": text, "b.csv": text }),
      "a zip archive with 2 files (a.csv, b.csv); expected one",
    ],
    [bytes("PAR1xxxx"), "a Parquet file; export it as CSV or JSON lines"],
    [
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      "an old Excel workbook (.xls); save it as .xlsx or CSV",
    ],
    [bytes("BZh91AY"), "compressed with bzip2; unpack it"],
  ])("what cannot be unpacked is named", async (packed, message) => {
    await expect(openTable(packed, { name: "a" })).rejects.toThrow(message);
  });

  test("a file that cannot be read is named", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tributary-imports-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await expect(openTable(join(folder, "none.csv"))).rejects.toThrow(
      "none.csv cannot be read: there is no such file",
    );
    await expect(openTable(folder)).rejects.toThrow("is not a file");
    writeFileSync(join(folder, "a.csv.gz"), gzipSync(text));
    expect(await cellsOf(await openTable(join(folder, "a.csv.gz")))).toEqual([["1", "2"]]);
  });
});

describe("JSON", () => {
  test("lines: nested fields are columns, GA4's parameters a column a key, long numbers exact", async () => {
    const lines = [
      '{"event_timestamp":"1795168800123456","event_params":[{"key":"page_location","value":{"string_value":"https://shop.example/","int_value":null}},{"key":"ga_session_id","value":{"int_value":"77"}}],"geo":{"country":"DE"}}',
      '{"event_timestamp":1795168800123456789,"value":19.90,"items":[{"id":1}],"active":true,"none":null}',
      "not json",
    ];
    const table = await openTable(bytes(lines.join("\n")));
    expect(table.columns).toEqual([
      "event_timestamp",
      "event_params.page_location",
      "event_params.ga_session_id",
      "geo.country",
      "value",
      "items",
      "active",
    ]);
    const rows = await rowsOf(table);
    expect(rows.map(({ cells }) => cells)).toEqual([
      ["1795168800123456", "https://shop.example/", "77", "DE", "", "", ""],
      ["1795168800123456789", "", "", "", "19.90", '[{"id":1}]', "true"],
      ["not json"],
    ]);
    expect(rows[2]).toMatchObject({
      line: 3,
      problem: expect.stringContaining("is no JSON") as string,
    });
  });

  test("an array, with strings that hold brackets and quotes", async () => {
    const items = [
      { a: 'x"]}\\', b: 1 },
      { a: "[{", c: { d: [1, 2] } },
    ];
    for (const text of [JSON.stringify(items), JSON.stringify(items, null, 2)]) {
      const table = await openTable(bytes(text));
      expect(table.format.kind).toBe("json-array");
      expect([table.columns, await cellsOf(table)]).toEqual([
        ["a", "b", "c.d"],
        [
          ['x"]}\\', "1", ""],
          ["[{", "", "[1,2]"],
        ],
      ]);
    }
  });

  test("an array that breaks off is a problem", async () => {
    const rows = await rowsOf(await openTable(bytes('[{"a":1},{"a":2')));
    expect(rows.map(({ line, problem }) => [line, problem])).toEqual([
      [1, undefined],
      [2, "the file breaks off within the array"],
    ]);
  });
});

test("rows can be read again, and a large file in constant memory", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-imports-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "large.csv");
  const lines = Array.from({ length: 20_000 }, (_, i) => `2026-11-01,"hat, ${i}",${i}.50`);
  writeFileSync(path, `day,name,amount\n${lines.join("\n")}\nTotal,,1\n`);
  const table = await openTable(path);
  for (let again = 0; again < 2; again += 1) {
    const rows = await rowsOf(table);
    expect(rows).toHaveLength(20_000);
    expect(rows.at(-1)).toEqual({
      line: 20_001,
      cells: ["2026-11-01", "hat, 19999", "19999.50"],
      problem: undefined,
    });
    expect(table.skipped).toEqual([{ line: 20_002, reason: 'is a total ("Total")' }]);
    expect(table.bytesRead()).toBeGreaterThan(500_000);
  }
});

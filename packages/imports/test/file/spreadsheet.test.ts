import { expect, test } from "vitest";
import { openTable } from "../../src/file/open-table.ts";
import { cellsOf } from "./support/tables.ts";
import { zipOf } from "./support/zip.ts";

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";

/** A sheet's rows as XML; numbers as Excel writes them, style 1 is a date and time. */
function sheet(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => {
    if (text === "") return "<c/>";
    const date = /^date (.+)$/.exec(text);
    if (date !== null) return `<c s="1"><v>${date[1]}</v></c>`;
    if (/^-?[\d.]+(?:E[+-]?\d+)?$/.test(text)) return `<c><v>${text}</v></c>`;
    return `<c t="inlineStr"><is><t>${text}</t></is></c>`;
  };
  const data = rows.map((cells, r) => {
    const placed = cells.map((text, c) =>
      cell(text).replace("<c", `<c r="${String.fromCharCode(65 + c)}${r + 1}"`),
    );
    return `<row r="${r + 1}">${placed.join("")}</row>`;
  });
  return `${XML}<worksheet xmlns="${MAIN}"><sheetData>${data.join("")}</sheetData></worksheet>`;
}

function workbook(sheets: Readonly<Record<string, readonly (readonly string[])[]>>): Buffer {
  const names = Object.keys(sheets);
  const each = (of: (name: string, n: number) => string): string =>
    names.map((name, i) => of(name, i + 1)).join("");
  return zipOf({
    "[Content_Types].xml": `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
    "_rels/.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${each((name, n) => `<sheet name="${name}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships">${each((_, n) => `<Relationship Id="rId${n}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}<Relationship Id="rId99" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
    "xl/styles.xml": `${XML}<styleSheet xmlns="${MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ...Object.fromEntries(
      names.map((name, i) => [`xl/worksheets/sheet${i + 1}.xml`, sheet(sheets[name] ?? [])]),
    ),
  });
}

const COST = [
  ["Campaign report"],
  ["Day", "Campaign", "Cost", "Note"],
  ["date 46346", "Hats", "0.30000000000000004", "a"],
  ["date 46346.4375", "Shoes", "1.2E3", ""],
  ["Total", "", "1200.3", ""],
];

test("the first sheet is a table: dates without a zone, numbers with the digits that they have", async () => {
  const table = await openTable(workbook({ Cost: COST, Notes: [["a"], ["b"]] }));
  expect(table.columns).toEqual(["Day", "Campaign", "Cost", "Note"]);
  expect(await cellsOf(table)).toEqual([
    ["2026-11-20", "Hats", "0.3", "a"],
    ["2026-11-20 10:30:00", "Shoes", "1200", ""],
  ]);
  expect(table.format).toMatchObject({ kind: "xlsx", sheet: "Cost", headerLine: 2 });
  expect(table.said).toContain('The sheet is "Cost".');
  expect(table.skipped.map(({ line }) => line)).toEqual([1, 5]);
});

test("another sheet is taken by its name, one that is not there is named with those that are", async () => {
  const bytes = workbook({ Notes: [["a"], ["b"]], Cost: COST });
  expect((await openTable(bytes, { sheet: "Cost" })).columns).toHaveLength(4);
  await expect(openTable(bytes, { sheet: "Costs", name: "x.xlsx" })).rejects.toThrow(
    "x.xlsx has no sheet Costs; it has Notes, Cost",
  );
});

test("a damaged workbook is named", async () => {
  const bytes = zipOf({ "[Content_Types].xml": XML });
  await expect(openTable(bytes, { name: "x.xlsx" })).rejects.toThrow(
    "x.xlsx is a damaged workbook",
  );
});

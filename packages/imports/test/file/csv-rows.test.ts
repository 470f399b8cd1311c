import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CsvRows } from "../../src/file/csv-rows.ts";
import { TABLE_BOUNDS, type Delimiter, type TableRow } from "../../src/file/table.ts";

function read(text: string, delimiter: Delimiter = ",", piece = text.length + 1): TableRow[] {
  const reader = new CsvRows(delimiter, "\n");
  const rows: TableRow[] = [];
  for (let at = 0; at < text.length; at += piece)
    rows.push(...reader.push(text.slice(at, at + piece)));
  return [...rows, ...reader.end()];
}

const cells = (text: string): (readonly string[])[] => read(text).map((row) => row.cells);

describe("rows", () => {
  test.each([
    [
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    ['"a ""b""",c\r\n', [['a "b"', "c"]]],
    [
      '"two\nlines","x,y"\r\n1,2\n',
      [
        ["two\nlines", "x,y"],
        ["1", "2"],
      ],
    ],
    ['a, "b, c" ,d\n', [["a", "b, c", "d"]]],
    ['5" TV,6"\n', [['5" TV', '6"']]],
    ['"",""""\n', [["", '"']]],
    [
      "a,\n,\n",
      [
        ["a", ""],
        ["", ""],
      ],
    ],
    ['x,"last"', [["x", "last"]]],
    ['"x"\r', [["x"]]],
  ])("of %j", (text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  test("a row has the line on which it begins", () => {
    const lines = read('a,b\n"1\n2",3\n\n4,"5"\n6,7\n').map(({ line }) => line);
    expect(lines).toEqual([1, 2, 4, 5, 6]);
  });

  test("quotes that do not close are named with their line, and the lines after it are read", () => {
    expect(read('a,b\n1,"2\n3,4\n5,6\n')).toEqual([
      { line: 1, cells: ["a", "b"], problem: undefined },
      { line: 2, cells: ['1,"2'], problem: "cell 2 opens with a quote that never closes" },
      { line: 3, cells: ["3", "4"], problem: undefined },
      { line: 4, cells: ["5", "6"], problem: undefined },
    ]);
    expect(read('a,b\n"5" TV",x\n3,"4"\n')).toMatchObject([
      { line: 1 },
      { line: 2, cells: ['"5" TV",x'], problem: "cell 1 has a quote that is not doubled" },
      { line: 3, cells: ["3", "4"], problem: undefined },
    ]);
  });

  test("a row above the bound is named, and the next is read", () => {
    const long = "x".repeat(TABLE_BOUNDS.rowCharacters + 1);
    for (const piece of [100_000, long.length * 3]) {
      const rows = read(`a,b\n${long},1\n2,3\n`, ",", piece);
      expect(rows.map(({ line, problem }) => [line, problem])).toEqual([
        [1, undefined],
        [2, "the row is longer than 1048576 characters"],
        [3, undefined],
      ]);
    }
  });

  test("a carriage return alone ends rows where the text has no other", () => {
    const reader = new CsvRows(",", "\r");
    expect([...reader.push('a,b\r"1",2\r'), ...reader.end()].map((row) => row.cells)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });
});

/** RFC 4180 as it is written down: a cell with anything special is quoted. */
function write(rows: readonly (readonly string[])[], delimiter: string): string {
  const cell = (text: string): string =>
    /["\r\n]|^ /.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
  return rows.map((row) => row.map(cell).join(delimiter)).join("\r\n");
}

test("what is written by the rules is read as it was, however the text is cut into pieces", () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", '"', ",", ";", "\n", "\r", " ", "é", "7"),
    maxLength: 6,
  });
  const row = fc.array(cell, { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 6 }),
      fc.constantFrom<Delimiter>(",", ";", "\t", "|"),
      fc.integer({ min: 1, max: 12 }),
      (rows, delimiter, piece) => {
        const text = write(rows, delimiter);
        expect(read(text, delimiter, piece).map((one) => one.cells)).toEqual(rows);
      },
    ),
  );
});

test("any text ends, with every line in one row at most", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", '"', ",", "\n", "\r\n", " "),
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (given, piece) => {
      const rows = read(given, ",", piece);
      const lines = rows.map(({ line }) => line);
      expect(new Set(lines).size).toBe(lines.length);
      expect(lines.toSorted((a, b) => a - b)).toEqual(lines);
      expect(read(given)).toEqual(rows);
    }),
  );
});

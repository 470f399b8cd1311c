import { describe, expect, test } from "vitest";
import { edgeReason, summaryRow } from "../../src/file/total-rows.ts";
import type { TableRow } from "../../src/file/table.ts";

const row = (...cells: string[]): TableRow => ({ line: 1, cells, problem: undefined });

describe("a row at the edge", () => {
  test.each([
    [["Total: Account", " --", "EUR", "5"], 'is a total ("Total: Account")'],
    [["Gesamt: Konto", "--", "EUR", "5"], 'is a total ("Gesamt: Konto")'],
    [["", "Total", "", "5"], 'is a total ("Total")'],
    [["Grand Total", "", "", "5"], 'is a total ("Grand Total")'],
    [["©2026 Microsoft Corporation.", "", "", ""], 'is a footer ("©2026 Microsoft Corporation.")'],
    [["Results from 12 campaigns", "", "", ""], 'is a footer ("Results from 12 campaigns")'],
    [["--", " -- ", "", ""], "has no values"],
  ])("%j %s", (cells, reason) => {
    expect(edgeReason(row(...cells), 4)).toBe(reason);
  });

  test.each([
    [["Total Wine", "", "EUR", "5"]],
    [["Total", "2026-11-01", "EUR", "5"]],
    [["2026-11-0", "", "", ""]],
    [["2026-11-01", "Total", "EUR", "5"]],
  ])("%j is data", (cells) => {
    expect(edgeReason(row(...cells), 4)).toBeUndefined();
  });
});

describe("a summary", () => {
  const data = [row("Hats", "2026-11-01", "10.5", "100"), row("Shoes", "2026-11-01", "4.5", "50")];

  test("is the first or last row with the sums of the others and without their name", () => {
    const sum = row("", "", "15.00", "150");
    expect(summaryRow([sum, ...data])).toBe(sum);
    expect(summaryRow([...data, sum])).toBe(sum);
  });

  test.each([
    ["one sum of two numbers may be chance", ["", "2026-11-01", "15", "151"]],
    ["a row with its name is data", ["Sum", "2026-11-01", "15", "150"]],
    ["a time of day is an event's", ["", "2026-11-01 10:00:00", "15", "150"]],
  ])("%s", (_, cells) => {
    expect(summaryRow([...data, row(...cells)])).toBeUndefined();
  });

  test("numbers of visits that happen to add up are no sums", () => {
    const visits = [row("1", "v1", "google"), row("2", "v1", "google"), row("3", "v1", "")];
    expect(summaryRow(visits)).toBeUndefined();
  });
});

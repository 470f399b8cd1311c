import { expect, test } from "vitest";
import { givenRows } from "../../src/formats/import-text.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

test("JSON is as it came", async () => {
  const body = { rows: [{ day: "2026-02-03" }] };
  expect(await givenRows("spend", body)).toEqual({ rows: body, unmapped: [] });
});

test("our own columns, in other cases and with others beside them, which are named once", async () => {
  const text =
    'Day,Campaign,Amount,currency,Impr.\n2026-02-03,hats,"1,204.50",eur,9\n2026-02-04,hats,3,EUR,9\n';
  expect(await givenRows("spend", bytes(text))).toEqual({
    rows: [
      { day: "2026-02-03", campaign: "hats", amount: "1204.5", currency: "EUR" },
      { day: "2026-02-04", campaign: "hats", amount: "3", currency: "EUR" },
    ],
    unmapped: ["Impr."],
  });
});

test("with semicolons and decimal commas, in Windows-1252", async () => {
  const text = "day;campaign;amount;currency\n2026-02-03;H\u00fcte;45,10;\u20ac\n";
  const body = Buffer.from(Array.from(text, (one) => (one === "€" ? 0x80 : one.charCodeAt(0))));
  expect((await givenRows("spend", body)).rows).toEqual([
    { day: "2026-02-03", campaign: "Hüte", amount: "45.1", currency: "EUR" },
  ]);
});

test("a report of an ad platform, with titles and totals, in UTF-16 with tabs", async () => {
  const report = [
    "Campaign report",
    "Day\tCampaign\tCurrency code\tCost\tImpr.",
    '2026-02-03\tHats\tEUR\t"1,204.50"\t9',
    "Total: Account\t --\tEUR\t1,204.50\t9",
  ].join("\n");
  const { rows } = await givenRows("spend", Buffer.from(`\ufeff${report}`, "utf16le"));
  expect(rows).toEqual([
    {
      day: "2026-02-03",
      source: "google",
      medium: "cpc",
      campaign: "Hats",
      amount: "1204.5",
      currency: "EUR",
    },
  ]);
});

test("every row at fault is named by line, column and what it holds", async () => {
  const text =
    "day,amount,currency\n2026-02-30,1,EUR\n2026-02-03,-1,EUR\n2026-02-03,1,euroes\n2026-02-03,1,EUR\n2026-02-03,2,EUR\n";
  await expect(givenRows("spend", bytes(text))).rejects.toMatchObject({
    code: "import_invalid",
    message: expect.stringMatching(
      /^4 of 5 rows cannot be read, so none was taken: line 2: day: .*; line 3: amount: .*; line 4: currency: .*; line 6: day: /,
    ) as string,
    details: {
      refused: [
        { line: 2, field: "day", reason: expect.stringContaining('got "2026-02-30"') as string },
        { line: 3, field: "amount", reason: 'expected an amount of at least 0, got "-1"' },
        { line: 4, field: "currency" },
        { line: 6, field: "day", reason: expect.stringContaining("as in line 5") as string },
      ],
    },
  });
});

test.each([
  ["", "the file is empty: expected a header row"],
  ["2026-02-03,1,EUR\n2026-02-04,1,EUR\n", "line 1 was expected to name the columns"],
  ["date,cost\n2026-02-03,1\n", "which currency are amounts in"],
  ["day,clicks,currency\n2026-02-03,1,EUR\n", "Which column is the amount of spend"],
  ["day,amount,currency\n01/02/2026,1,EUR\n", "may have the day or the month first"],
  ['day,amount,currency\n"2026-02-03,1,EUR\n', "cell 1 opens with a quote that never closes"],
  ["PAR1", "is a Parquet file"],
])("%j is no import, and what to change is said", async (text, message) => {
  await expect(givenRows("spend", bytes(text))).rejects.toMatchObject({
    code: "import_invalid",
    message: expect.stringContaining(message) as string,
  });
});

test("rates are read alike", async () => {
  const text = "day;currency;target;rate\n01.10.2026;USD;EUR;0,92\n";
  expect((await givenRows("rates", bytes(text))).rows).toEqual([
    { day: "2026-10-01", currency: "USD", target: "EUR", rate: "0.92" },
  ]);
});

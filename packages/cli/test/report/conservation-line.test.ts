import { expect, test } from "vitest";
import { conservationLine } from "../../src/report/conservation-line.ts";

const events = {
  accepted: 1200,
  duplicates: 100,
  duplicateOrders: 0,
  deadLettered: 0,
  dropped: { custom_per_user: 1 },
  touchpointsCredited: 1000,
  touchpointsWithoutConversion: 0,
  touchpointsOutsideWindows: 0,
  visitsThatWentOn: 0,
  conversionsAttributed: 99,
  conversionsUnattributed: 0,
  refunds: 0,
  identifies: 0,
  custom: 0,
  erased: 0,
  residue: 0,
};
const euros = {
  currency: "EUR",
  accepted: "10",
  credited: "9",
  unattributed: "1",
  refunded: "0",
  residue: "0",
};

test("names each account that has events, and that nothing is left", () => {
  expect(conservationLine({ complete: true, events, money: [euros] })).toBe(
    "All 1,200 events ever accepted = 1,000 touchpoints credited + 99 conversions attributed + 100 duplicates + 1 dropped by a bound (1 custom events of a user); nothing is left over.",
  );
});

test("says on a line of its own how many conversions repeated an order", () => {
  const all = { complete: true, money: [], events: { ...events, duplicateOrders: 2 } };
  expect(conservationLine(all)).toMatch(
    / \+ 2 duplicate orders \+ .*; nothing is left over\.\n2 conversions repeated an order and were not counted\.$/,
  );
  const one = { ...all, events: { ...events, duplicateOrders: 1 } };
  expect(conservationLine(one)).toMatch(/\n1 conversion repeated an order and was not counted\.$/);
});

test("names the events of erased people", () => {
  const line = conservationLine({
    complete: true,
    events: { ...events, erased: 9, duplicates: 0 },
    money: [],
  });
  expect(line).toContain(
    " + 9 erased + 1 dropped by a bound (1 custom events of a user); nothing is left over.",
  );
});

test("says what each bound dropped", () => {
  const dropped = {
    custom_per_user: 1200,
    direct_visits_per_user: 0,
    conversions_per_user: 3,
    a_new_one: 2,
  };
  const line = conservationLine({ complete: true, events: { ...events, dropped }, money: [] });
  expect(line).toContain(
    " + 1,205 dropped by a bound (1,200 custom events of a user, 3 conversions and refunds of a user, 2 a_new_one);",
  );
});

test("shows unaccounted events and money in capitals, and only once all is loaded", () => {
  const wrong = { events: { ...events, residue: 3 }, money: [{ ...euros, residue: "0.5" }] };
  expect(conservationLine({ complete: true, ...wrong })).toMatch(
    /UNACCOUNTED: 3 events, 0\.5 EUR\.$/,
  );
  expect(conservationLine({ complete: false, ...wrong })).toMatch(
    /; more events are being loaded\.$/,
  );
});

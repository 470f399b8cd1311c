import { describe, expect, test } from "vitest";
import { lookAt } from "../../src/mapping/look.ts";
import { checkMapping } from "../../src/mapping/mapping.ts";
import { propose, type Choices } from "../../src/mapping/propose.ts";
import { tableOf } from "../support/table.ts";

const SHOP = `Datum;Kunde;Ereignis;utm_source;Umsatz;Währung;Bestell-Nr.;Land
07.11.2026 07:15;c1;click;google;;;;DE
15.11.2026 23:34;c1;Bestellung;;1.299,00;€;R1;DE
16.11.2026 10:00;c1;Retoure;;-19,99;;R1;DE
1794131280;c2;click;google;;;;AT`;

const proposal = async (text: string, choices?: Choices, separator = ";") =>
  propose(await lookAt(tableOf(text, separator)), choices);
const keys = ({ open }: { open: readonly { key: string }[] }): string[] =>
  open.map(({ key }) => key);

describe("columns", () => {
  test("are found by their names in several languages, and the rest is named", async () => {
    const { mapping, unmapped, open } = await proposal(SHOP, {
      zone: "Europe/Berlin",
      currency: "eur",
    });
    expect(open).toEqual([]);
    expect(unmapped).toEqual(["Land"]);
    expect(mapping).toEqual({
      version: 1,
      kind: "events",
      columns: {
        Datum: { field: "time", formats: ["dd.mm.yyyy", "seconds"], zone: "Europe/Berlin" },
        Kunde: { field: "userId" },
        Ereignis: { field: "type", values: { bestellung: "conversion", retoure: "refund" } },
        utm_source: { field: "source" },
        Umsatz: { field: "value", decimal: "," },
        Währung: { field: "currency" },
        "Bestell-Nr.": { field: "orderId" },
        Land: { ignore: true },
      },
      defaults: { currency: "EUR" },
    });
    expect(checkMapping(mapping)).toEqual(mapping);
  });

  test("that fill nothing are kept as properties where that is asked for", async () => {
    const { mapping } = await proposal(SHOP, { keepUnmapped: true });
    expect(mapping.columns["Land"]).toEqual({ property: "Land" });
  });

  test("may be chosen, also as a constant", async () => {
    const { mapping } = await proposal(SHOP, {
      columns: new Map([
        ["userId", "Land"],
        ["type", "@click"],
      ]),
    });
    expect(mapping.columns["Land"]).toEqual({ field: "userId" });
    expect(mapping.columns["Kunde"]).toEqual({ ignore: true });
    expect(mapping.columns["Ereignis"]).toEqual({ ignore: true });
    expect(mapping.defaults).toEqual({ type: "click" });
  });

  test("a person's name is no conversion's, but our own export's is", async () => {
    const person = await proposal("time,type,user,name\n2026-11-01,click,u1,Ada", {}, ",");
    expect(person.unmapped).toEqual(["name"]);
    const own = await proposal("id,time,type,userId,name\na,1794131280000,click,u1,x", {}, ",");
    expect(own.mapping.columns["name"]).toEqual({ field: "name" });
    expect(own.mapping.columns["id"]).toEqual({ field: "id" });
  });
});

describe("nothing ambiguous is guessed", () => {
  test("times without a zone, and amounts without a currency", async () => {
    expect(keys(await proposal(SHOP))).toEqual(["zone", "currency"]);
  });

  test("the order of day and month, until it is answered", async () => {
    const text = "date,user,type\n01/02/2026 10:00,u1,click\n03/04/2026 11:00,u1,click";
    const open = await proposal(text, { zone: "UTC" }, ",");
    expect(keys(open)).toEqual(["order dd/mm/yyyy mm/dd/yyyy"]);
    const answers = new Map([["order dd/mm/yyyy mm/dd/yyyy", "mm/dd/yyyy"]]);
    const answered = await proposal(text, { zone: "UTC", answers }, ",");
    expect(answered.open).toEqual([]);
    expect(answered.mapping.columns["date"]).toMatchObject({ formats: ["mm/dd/yyyy"] });
  });

  test("what separates a fraction", async () => {
    const text = "time;user;type;orderId;value;currency\n2026-11-01T10:00Z;u;order;1;1.299;EUR";
    expect(keys(await proposal(text))).toEqual(["decimal value"]);
    const answers = new Map([["decimal value", ","]]);
    const answered = await proposal(text, { answers });
    expect(answered.mapping.columns["value"]).toEqual({ field: "value", decimal: "," });
  });

  test("a sign of several currencies", async () => {
    const text = "time;user;type;orderId;value;currency\n2026-11-01T10:00Z;u;order;1;9.99;$";
    expect(keys(await proposal(text))).toEqual(["currency $"]);
    const { mapping } = await proposal(text, { answers: new Map([["currency $", "cad"]]) });
    expect(mapping.columns["currency"]).toEqual({ field: "currency", values: { $: "CAD" } });
  });

  test("an unknown kind of event, and a file without any", async () => {
    const text = "time;user;type\n2026-11-01T10:00Z;u;lead";
    expect(keys(await proposal(text))).toEqual(["type lead"]);
    const { mapping } = await proposal(text, { answers: new Map([["type lead", "skip"]]) });
    expect(mapping.columns["type"]).toEqual({ field: "type", values: { lead: "skip" } });
    expect(keys(await proposal("time;user\n2026-11-01T10:00Z;u"))).toEqual(["column type"]);
  });

  test("a file without a customer, unless orders are taken for them", async () => {
    const text = "time;order\n2026-11-01T10:00Z;R1";
    const type = new Map([["type", "@conversion"]] as const);
    expect(keys(await proposal(text, { columns: type }))).toEqual(["column userId"]);
    const taken = await proposal(text, { columns: type, userFromOrder: true });
    expect(taken.open).toEqual([]);
    expect(taken.mapping.userFrom).toBe("orderId");
  });

  test("what a file holds", async () => {
    expect(keys(await proposal("a;b\n1;2"))).toEqual([
      "kind",
      "column time",
      "column type",
      "column userId",
    ]);
  });
});

describe("spend and rates", () => {
  test("are known by their columns; a currency may stand in a name", async () => {
    const { mapping, open } = await proposal(
      "Day,Campaign name,Amount spent (EUR),Impressions\n2026-11-01,brand,12.50,100",
      {},
      ",",
    );
    expect(open).toEqual([]);
    expect(mapping).toEqual({
      version: 1,
      kind: "spend",
      columns: {
        Day: { field: "day", formats: ["iso"] },
        "Amount spent (EUR)": { field: "amount", decimal: "." },
        "Campaign name": { field: "campaign" },
        Impressions: { ignore: true },
      },
      defaults: { currency: "EUR" },
    });
  });

  test("rates by theirs", async () => {
    const { mapping, open } = await proposal(
      "day,currency,target,rate\n2026-11-01,USD,EUR,0.92",
      {},
      ",",
    );
    expect(open).toEqual([]);
    expect(mapping.kind).toBe("rates");
  });
});

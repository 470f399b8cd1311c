import { describe, expect, it } from "vitest";
import { postbackEvent } from "../../src/postbacks/postback-event.ts";

const NOW = 1_790_000_000_000;
const template = {
  anonymousId: "{click_id}",
  orderId: "{transaction}",
  value: "{amount}",
  currency: "EUR",
  name: "{goal} of {network}",
  time: "{ts}",
};
const event = (parameters: Record<string, string>, name = "network") =>
  postbackEvent(name, template, parameters, NOW);

describe("the event of a postback", () => {
  it("has the parameters where its template says, and no field that lacks one", () => {
    const made = event({ click_id: "c1", transaction: "o1", amount: "19.90", goal: "sale" });
    expect(made).toMatchObject({
      type: "conversion",
      time: NOW,
      anonymousId: "c1",
      orderId: "o1",
      value: "19.90",
      currency: "EUR",
    });
    expect(made).not.toHaveProperty("name");
    expect(event({ click_id: "c1", goal: "sale", network: "x" })["name"]).toBe("sale of x");
  });

  it("is the same for the same order, whatever else changes, and for equal parameters in any order", () => {
    const id = (parameters: Record<string, string>, name?: string) => event(parameters, name)["id"];
    const order = { click_id: "c1", transaction: "o1", amount: "1" };
    expect(id({ ...order, retry: "2" })).toBe(id(order));
    expect(id({ ...order, transaction: "o2" })).not.toBe(id(order));
    expect(id(order, "other")).not.toBe(id(order));
    expect(id({ a: "1", b: "2" })).toBe(id({ b: "2", a: "1" }));
    expect(id({ a: "1", b: "2" })).not.toBe(id({ a: "2", b: "1" }));
    expect(String(id(order))).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(["{TRANSACTION}", "[order]", "%order%", ["$", "{order}"].join(""), "__ORDER__", "  "])(
    "takes %s for nothing: a macro that the network did not fill",
    (transaction) => expect(event({ click_id: "c1", transaction })).not.toHaveProperty("orderId"),
  );

  it.each([
    ["1790000000", 1_790_000_000_000],
    ["1790000000123", 1_790_000_000_123],
    ["2026-09-21T12:53:20Z", 1_789_995_200_000],
    ["2026-09-21 12:53:20", 1_789_995_200_000],
    ["yesterday", "yesterday"],
  ])("reads the time %s", (ts, time) => expect(event({ ts })["time"]).toBe(time));
});

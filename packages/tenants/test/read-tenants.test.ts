import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError } from "@tributary/service";
import { afterAll, describe, expect, it } from "vitest";
import { readTenants } from "../src/index.ts";

const dir = mkdtempSync(join(tmpdir(), "tributary-tenants-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const read = (content: unknown) => {
  const path = join(dir, "tenants.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return readTenants("TENANTS", path);
};
const acme = (settings: unknown) => read({ version: 1, tenants: { acme: settings } });
const problem = (settings: unknown): string => {
  try {
    acme(settings);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message.replace(/^.*tenants\.json: /, "");
    throw error;
  }
  return "none";
};

describe("the tenants' file", () => {
  it("is read as its documentation shows it", () => {
    const page = readFileSync(new URL("../../../docs/tenants.md", import.meta.url), "utf8");
    const [, example = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    const { byName, digest } = read(example);
    expect(digest).toMatch(/^[0-9a-f]{12}$/);
    const settings = byName.get("acme");
    expect(settings?.windows).toEqual({ click: 14 * 86_400_000, view: 12 * 3_600_000 });
    expect(settings?.channels?.[1]).toEqual({
      channel: "brand_search",
      medium: ["cpc", "ppc"],
      campaign: ["*brand*"],
    });
    // Every setting of the table is in the example, and the other way round.
    const named = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(Object.keys(settings ?? {})));
  });

  it("has a session's gap in ms, or that every visit counts", () => {
    const arrivalsOf = (arrivals: unknown) => acme({ arrivals }).byName.get("acme")?.arrivals;
    expect(arrivalsOf({ sessionGapMinutes: 45 })).toBe(45 * 60_000);
    expect(arrivalsOf("every_visit")).toBe("every_visit");
  });

  it("may be absent", () => {
    expect(readTenants("TENANTS", "")).toMatchObject({ digest: "", byName: new Map() });
  });

  it.each([
    [{ segmnt: {} }, /^tenants\.acme: .*segmnt/],
    [{ currency: "Euro" }, /^tenants\.acme\.currency: expected an ISO 4217 code/],
    [{ timeZone: "+02:00" }, /^tenants\.acme\.timeZone: expected an IANA time zone/],
    [{ timeZone: "Europe/Nowhere" }, /^tenants\.acme\.timeZone: expected an IANA time zone/],
    [{ windows: { click: "30" } }, /^tenants\.acme\.windows\.click: .*30d/],
    [{ windows: { click: "0d" } }, /^tenants\.acme\.windows\.click: expected 1ms or more/],
    [{ arrivals: "always" }, /^tenants\.acme\.arrivals: expected .*30.* or "every_visit"/],
    [{ arrivals: { sessionGapMinutes: 0 } }, /^tenants\.acme\.arrivals.*: .*(1440|>=1)/],
    [{ arrivals: { sessionGap: 30 } }, /^tenants\.acme\.arrivals.*: /],
    [{ channels: [{ channel: "x" }] }, /^tenants\.acme\.channels\.0: expected one of type/],
    [{ channels: [{ channel: "x", source: [] }] }, /^tenants\.acme\.channels\.0\.source: /],
    [{ directChannels: "direct" }, /^tenants\.acme\.directChannels: /],
    [{ directChannels: [""] }, /^tenants\.acme\.directChannels\.0: /],
    [{ referralExclusions: ["https://x.example"] }, /^tenants\.acme\.referralExclusions\.0: /],
    [{ links: ["*"] }, /^tenants\.acme\.links\.0: expected a host/],
    [{ links: ["sh op"] }, /^tenants\.acme\.links\.0: expected a host/],
    [{ postbacks: { n: { orderId: "{o}" } } }, /^tenants\.acme\.postbacks\.n: expected userId/],
    [{ postbacks: { n: { userId: "{u}", oder: "{o}" } } }, /postbacks\.n\.oder: no such field/],
    [{ postbacks: { n: { userId: "{u}", type: "sale" } } }, /postbacks\.n\.type: expected one of/],
    [{ postbacks: { "a b": { userId: "{u}" } } }, /^tenants\.acme\.postbacks\.a b: /],
    [{ reusedOrderIds: "yes" }, /^tenants\.acme\.reusedOrderIds: expected true or false/],
    [{ fold: ["sauce"] }, /^tenants\.acme\.fold\.0: expected one of source, medium/],
    [{ aliases: { sauce: {} } }, /^tenants\.acme\.aliases/],
    [{ aliases: { source: { a: "" } } }, /^tenants\.acme\.aliases\.source\.a: /],
    [
      { aliases: { source: { a: "b", b: "c" } } },
      /^tenants\.acme\.aliases\.source\.a: expected a name that is no alias itself, "b" is one/,
    ],
    [
      { fold: ["source"], aliases: { source: { a: "B", b: "c" } } },
      /^tenants\.acme\.aliases\.source\.a: expected a name that is no alias itself, "B" is one/,
    ],
    [
      { fold: ["source"], aliases: { source: { a: "x", A: "y" } } },
      /^tenants\.acme\.aliases\.source\.a: "A" is the same name, for the dimension is folded/,
    ],
    [
      { fold: ["source"], aliases: { source: { a: "Google", b: "GOOGLE" } } },
      /^tenants\.acme\.aliases\.source\.a: expected "GOOGLE", as another alias spells it/,
    ],
    [{ utm: { fragment: true } }, /^tenants\.acme\.utm: .*fragment/],
    [{ eventsPerSecond: -1 }, /^tenants\.acme\.eventsPerSecond: /],
    [{ bots: "off" }, /^tenants\.acme\.bots: expected keep, mark or drop/],
  ])("%j is refused by name", (settings, message) => expect(problem(settings)).toMatch(message));

  it("takes aliases of one name in several spellings where its dimension is not folded", () => {
    const source = { Google: "google", GOOGLE: "google" };
    expect(problem({ aliases: { source } })).toBe("none");
  });

  it("bounds its aliases", () => {
    const source = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`n${i}`, "n"]));
    expect(problem({ aliases: { source } })).toMatch(/aliases\.source: expected at most 500/);
    const long = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`${i}${"x".repeat(200)}`, "n"]),
    );
    expect(problem({ aliases: { source: long } })).toMatch(/of 32768 bytes together/);
  });

  it("that is none is refused with its path", () => {
    expect(() => read("{")).toThrow(/^TENANTS: .*tenants\.json: /);
    expect(() => read({ version: 2, tenants: {} })).toThrow(/version: expected 1/);
    expect(() => read({ version: 1, tenants: { "a b": {} } })).toThrow(/tenants\.a b: /);
    expect(() => readTenants("TENANTS", join(dir, "absent.json"))).toThrow(/absent\.json: ENOENT/);
  });

  it("with many problems names the first and counts the others", () => {
    const channels = Array.from({ length: 30 }, () => ({ channel: "x" }));
    expect(problem({ channels })).toMatch(/channels\.9: .*; 20 more$/);
  });
});

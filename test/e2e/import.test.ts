import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messyShop } from "../support/messy-shop.ts";
import { jsonOf, start, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 90_000;
/** Berlin is an hour ahead of UTC from the end of October to the end of March. */
const END = Date.UTC(2026, 0, 28);
const SHOP = messyShop(240, END, 1);
const KNOWN = SHOP.meant.filter((_, i) => !SHOP.strangers.has(i));
const TENANTS = ["shop", "mended", "crash", "spend", "tables"];

interface Summary {
  readonly sent: boolean;
  readonly rows: number;
  readonly new: number;
  readonly present: number;
  readonly refused: number;
  readonly unmapped: readonly string[];
  readonly rejects: string | null;
  readonly refusals: readonly { readonly line: number; readonly column: string }[];
}

interface Exported {
  readonly type: string;
  readonly time: number;
  readonly userId: string;
  readonly source?: string;
  readonly value?: string;
  readonly currency?: string;
  readonly orderId?: string;
}

const data = temporaryDataDir();
let platform: Platform;

beforeAll(async () => {
  const keys = TENANTS.map((tenant) => `${tenant}-key=${tenant}`).join(",");
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_WRITE_KEYS: keys,
      TRIBUTARY_READ_KEYS: keys,
      TRIBUTARY_IMPORT_KEYS: keys,
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

function file(name: string, text: string | Buffer): string {
  const path = join(data.dir, name);
  writeFileSync(path, text);
  return path;
}

const csv = (lines: readonly string[]): string => `${[SHOP.header, ...lines].join("\r\n")}\r\n`;

const asTenant = (tenant: string): Record<string, string> => ({
  TRIBUTARY_KEY: `${tenant}-key`,
  TRIBUTARY_READ_KEY: `${tenant}-key`,
  TRIBUTARY_IMPORT_KEY: `${tenant}-key`,
});
const run = async (tenant: string, ...args: string[]) =>
  tributary([...args, "--data", data.dir], asTenant(tenant));

/** Imports, and checks the exit code. */
async function imported(
  tenant: string,
  code: number,
  path: string,
  ...args: string[]
): Promise<Summary> {
  const rejects = ["--rejects", `${path}.rejects.csv`];
  const result = await run(tenant, "import", path, "--json", ...rejects, ...args);
  expect([result.code, result.stderr]).toEqual([code, expect.any(String)]);
  return JSON.parse(result.stdout) as Summary;
}

async function events(tenant: string): Promise<Exported[]> {
  const { stdout } = await run(tenant, "export", "events", "--format", "ndjson");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Exported);
}

function cents(
  rows: readonly { currency?: string; value?: string | undefined }[],
  currency: string,
): number {
  return rows
    .filter((row) => row.currency === currency)
    .reduce((sum, row) => sum + Math.round(Number(row.value) * 100), 0);
}

describe("a messy shop's file", () => {
  const CHOICES = ["--zone", "Europe/Berlin", "--currency", "EUR"];
  // Windows-1252, where the euro has a place of its own.
  const path = (): string =>
    file("shop.csv", Buffer.from(csv(SHOP.lines).replaceAll("€", "\u0080"), "latin1"));

  test(
    "leaves open what only a person knows, and nothing is guessed",
    { timeout: TIMEOUT_MS },
    async () => {
      const { code, stderr, stdout } = await run("shop", "import", path());
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("--zone");
      expect(stderr).toContain("--currency");
      const proposed = await run("shop", "import", path(), ...CHOICES);
      expect([proposed.code, proposed.stderr]).toEqual([2, expect.stringContaining("--yes")]);
    },
  );

  test(
    "sends nothing where a row is refused, and says which",
    { timeout: TIMEOUT_MS },
    async () => {
      const summary = await imported("shop", 1, path(), ...CHOICES, "--yes");
      expect(summary).toMatchObject({
        sent: false,
        rows: SHOP.lines.length,
        new: KNOWN.length,
        refused: SHOP.strangers.size,
        unmapped: ["Gerät"],
      });
      const lines = [...SHOP.strangers].map((i) => ({ line: i + 2, column: "Kunde" }));
      expect(summary.refusals.map(({ line, column }) => ({ line, column }))).toEqual(lines);
      expect(await events("shop")).toEqual([]);
    },
  );

  test("gives the figures that were meant", { timeout: TIMEOUT_MS }, async () => {
    const summary = await imported("shop", 1, path(), ...CHOICES, "--yes", "--partly");
    expect(summary).toMatchObject({ sent: true, new: KNOWN.length, present: 0 });
    const got = await events("shop");
    const byType = (type: string) => got.filter((event) => event.type === type);
    for (const type of ["click", "conversion", "refund"]) {
      const meant = KNOWN.filter((row) => row.type === type);
      expect(
        byType(type)
          .map(({ time }) => time)
          .toSorted((a, b) => a - b),
      ).toEqual(meant.map(({ time }) => time).toSorted((a, b) => a - b));
    }
    for (const source of ["google", "newsletter", "facebook"]) {
      const meant = KNOWN.filter((row) => row.source === source && row.type === "click");
      expect([source, byType("click").filter((event) => event.source === source).length]).toEqual([
        source,
        meant.length,
      ]);
    }
    for (const currency of ["EUR", "USD"]) {
      const gross = KNOWN.filter((row) => row.type === "conversion" && row.currency === currency);
      const meant = gross.reduce((sum, row) => sum + row.cents, 0);
      expect([currency, cents(byType("conversion"), currency)]).toEqual([currency, meant]);
    }
    const report = jsonOf<{ totals: { value: { currency: string; value: string }[] } }>(
      await run("shop", "report", "--json"),
    );
    for (const { currency, value } of report.totals.value) {
      const signed = KNOWN.map((row) => (row.type === "refund" ? -row.cents : row.cents));
      const net = KNOWN.reduce(
        (sum, row, i) => sum + (row.currency === currency ? (signed[i] ?? 0) : 0),
        0,
      );
      expect([currency, Math.round(Number(value) * 100)]).toEqual([currency, net]);
    }
  });

  test(
    "changes nothing a second time, in another order, or longer",
    { timeout: TIMEOUT_MS },
    async () => {
      const before = await events("shop");
      const again = await imported("shop", 1, path(), "--partly");
      expect(again).toMatchObject({ sent: false, new: 0, present: KNOWN.length });
      const one = "2026-01-29T10:00:00Z;cust1;click;radio;;;;";
      const other = file("other.csv", csv([one, ...SHOP.lines.toReversed()]));
      expect(await imported("shop", 1, other, "--partly")).toMatchObject({
        new: 1,
        present: KNOWN.length,
      });
      expect(await events("shop")).toHaveLength(before.length + 1);
    },
  );

  test("its refused rows can be mended in the reject file", { timeout: TIMEOUT_MS }, async () => {
    const rejects = `${path()}.rejects.csv`;
    const [head = "", ...lines] = readFileSync(rejects, "utf8").trimEnd().split("\r\n");
    const place = head.split(",").indexOf("Kunde");
    expect(lines).toHaveLength(SHOP.strangers.size);
    const mended = lines.map((line) => {
      // Cells of the rejected rows before the customer have no commas.
      const cells = line.split(",");
      return [...cells.slice(0, place), "mended", ...cells.slice(place + 1)].join(",");
    });
    const summary = await imported("shop", 0, file("mended.csv", [head, ...mended].join("\r\n")));
    expect(summary).toMatchObject({ new: SHOP.strangers.size, refused: 0 });
  });

  test("an import is listed, and its events stay", { timeout: TIMEOUT_MS }, async () => {
    const { imports } = jsonOf<{ imports: { import: string; file: string; newRows: number }[] }>(
      await run("shop", "imports", "--json"),
    );
    expect(imports.map(({ file: name, newRows }) => [name, newRows])).toEqual([
      ["mended.csv", SHOP.strangers.size],
      ["other.csv", 1],
      ["shop.csv", KNOWN.length],
    ]);
    const undo = await run("shop", "imports", "undo", imports[0]?.import ?? "");
    expect([undo.code, undo.stderr]).toEqual([1, expect.stringContaining("cannot be taken back")]);
  });
});

test("a mended and a longer file bring what is new of them", { timeout: TIMEOUT_MS }, async () => {
  const head = "time,user,type,order,value,currency";
  const first = "2026-01-05T10:00:00Z,ada,order,R1,50.00,EUR";
  const second = "2026-01-06T10:00:00Z,bob,order,R2,50.00,EUR";
  const third = (value: string): string => `2026-01-07T10:00:00Z,eve,order,R3,${value},EUR`;
  const fourth = "2026-01-08T10:00:00Z,dan,order,R4,10.00,EUR";
  const make = (name: string, lines: readonly string[]): string =>
    file(name, [head, ...lines].join("\n"));
  const bad = make("a.csv", [first, second, third("fifty")]);
  expect(await imported("mended", 1, bad, "--yes")).toMatchObject({ sent: false, refused: 1 });
  const good = make("b.csv", [first, second, third("50.00")]);
  expect(await imported("mended", 0, good, "--yes")).toMatchObject({ new: 3, present: 0 });
  const longer = make("c.csv", [fourth, third("50"), second, first]);
  expect(await imported("mended", 0, longer)).toMatchObject({ new: 1, present: 3 });
  const orders = await events("mended");
  expect([orders.length, cents(orders, "EUR")]).toEqual([4, 16_000]);
});

test(
  "killed while it sends, an import is finished by the same command",
  { timeout: TIMEOUT_MS },
  async () => {
    const rows = 60_000;
    const lines = Array.from(
      { length: rows },
      (_, i) => `${END + i * 1000},u${i % 5000},click,s${i % 7}`,
    );
    const path = file("many.csv", ["time,user,type,source", ...lines].join("\n"));
    const args = ["import", path, "--yes", "--json", "--batch", "100", "--data", data.dir];
    const child = start(args, asTenant("crash"));
    child.stderr?.setEncoding("utf8");
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("sending")) resolve();
      });
      child.once("close", () => resolve());
    });
    child.kill("SIGKILL");
    await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    const summary = await imported("crash", 0, path, "--yes");
    expect(summary.new + summary.present).toBe(rows);
    expect(await events("crash")).toHaveLength(rows);
  },
);

test(
  "spend of an ad platform's report is imported, and taken back",
  { timeout: TIMEOUT_MS },
  async () => {
    const report = (cost: string): string =>
      `Bericht\n"1. Oktober 2026"\nTag;Kampagne;Kosten;Währungscode;Impr.\n01.10.2026;Marke;${cost};EUR;3.000\n02.10.2026;Marke;12,00;EUR;10\nGesamt;;1.216,50;EUR;\n`;
    const spent = async (): Promise<unknown> =>
      jsonOf<{ rows: { day: string; amount: string }[] }>(
        await run("spend", "spend", "list", "--json"),
      ).rows.map(({ day, amount }) => [day, amount]);
    const first = file("ads.csv", report("1.204,50"));
    expect(
      await imported("spend", 0, first, "--map", "source=@google,medium=@cpc", "--yes"),
    ).toMatchObject({
      kind: "spend",
      new: 2,
      present: 0,
    });
    const changed = file("ads.csv", report("1.300,00"));
    const second = await imported("spend", 0, changed);
    expect(second).toMatchObject({ new: 0, present: 1, replaced: 1 });
    expect(await spent()).toEqual([
      ["2026-10-01", "1300"],
      ["2026-10-02", "12"],
    ]);
    const { import: id } = second as unknown as { import: string };
    expect((await run("spend", "imports", "undo", id)).code).toBe(0);
    expect(await spent()).toEqual([
      ["2026-10-01", "1204.5"],
      ["2026-10-02", "12"],
    ]);
  },
);

test(
  "a key of another tenant is noticed before an event goes astray",
  { timeout: TIMEOUT_MS },
  async () => {
    const path = file("astray.csv", "time,user,type\n2026-01-05T10:00:00Z,ada,click\n");
    const { code, stderr } = await run("tables", "import", path, "--yes", "--key", "shop-key");
    expect([code, stderr]).toEqual([1, expect.stringContaining("another tenant")]);
    expect(await events("tables")).toEqual([]);
  },
);

describe("over HTTP", () => {
  const HEADERS = { authorization: "Bearer tables-key" };
  const ask = async (
    path: string,
    body: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${platform.reportsUrl}${path}`, {
      method: "POST",
      headers: { ...HEADERS, ...headers },
      body,
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const JSON_TYPE = { "content-type": "application/json" };
  const TEXT = [
    "Datum;Kunde;Ereignis;Bestellnr;Umsatz",
    "07.01.2026 10:00;ada;Klick;;",
    "17.01.2026 10:00;ada;Bestellung;R1;1.299,00",
    "18.01.2026 10:00;;Bestellung;R2;5,00",
  ].join("\n");
  const look = async (): Promise<Record<string, unknown>> =>
    (await ask("/v1/imports?file=shop.csv", TEXT)).body;

  test("a look proposes, and a commit sends what is new", { timeout: TIMEOUT_MS }, async () => {
    const found = await look();
    expect(found).toMatchObject({ mappingFrom: "proposed", unmapped: [] });
    expect((found["open"] as { key: string }[]).map(({ key }) => key)).toEqual([
      "zone",
      "currency",
    ]);
    const commit = `/v1/imports/${String(found["look"])}/commit`;
    const open = await ask(commit, "{}", JSON_TYPE);
    expect([open.status, open.body["error"]]).toMatchObject([
      400,
      { code: "import_open", field: "zone" },
    ]);
    const answers = { zone: "Europe/Berlin", currency: "EUR" };
    const key = { ...JSON_TYPE, "tributary-write-key": "tables-key" };
    const refused = await ask(commit, JSON.stringify({ answers }), key);
    expect(refused).toMatchObject({
      status: 200,
      body: { import: null, newRows: 2, refusedRows: 1 },
    });
    expect(refused.body["rejects"]).toContain("18.01.2026 10:00,,Bestellung,R2");
    expect(await events("tables")).toEqual([]);
    const partly = JSON.stringify({ answers, partly: true });
    const astray = await ask(commit, partly, { ...key, "tributary-write-key": "shop-key" });
    expect([astray.status, astray.body["error"]]).toMatchObject([
      403,
      { code: "write_key_refused" },
    ]);
    expect(await ask(commit, partly, key)).toMatchObject({ status: 200, body: { newRows: 2 } });
    await run("tables", "report");
    expect(await events("tables")).toMatchObject([
      { userId: "ada" },
      { userId: "ada", value: "1299" },
    ]);
    const again = await look();
    expect(again).toMatchObject({ mappingFrom: "remembered", open: [] });
    const same = `/v1/imports/${String(again["look"])}/commit`;
    expect((await ask(same, JSON.stringify({ partly: true }), key)).body).toMatchObject({
      import: null,
      newRows: 0,
      presentRows: 2,
    });
  });

  test("a look is its tenant's alone", { timeout: TIMEOUT_MS }, async () => {
    const { look: id } = await look();
    const path = `/v1/imports/${String(id)}/commit`;
    const other = { ...JSON_TYPE, authorization: "Bearer shop-key" };
    expect((await ask(path, "{}", other)).status).toBe(404);
  });
});

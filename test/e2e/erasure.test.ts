/** A person is erased while events flow and processes die: nothing of them is left, and nothing of anybody else is missing. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { DATABASE, openWarehouse } from "../../packages/warehouse/src/index.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const NOW = Date.now();
const at = (secondsAgo: number) => ({ time: NOW - secondsAgo * 1000 });
const worth = (value: string, orderId: string) => ({ value, orderId, currency: "EUR" });

/** What a person did on two devices, before and after they were known; IDs of events begin with a letter. */
const journey = (letter: string, userId: string, devices: readonly [string, string]) => {
  const [first, second] = devices.map((anonymousId) => ({ anonymousId }));
  const id = (name: string) => ({ id: `${letter}-${name}` });
  return [
    { ...id("t1"), type: "click", ...at(600), ...first, channel: "email" },
    { ...id("c1"), type: "conversion", ...at(500), ...first, ...worth("10", `${letter}-o1`) },
    { ...id("t2"), type: "visit", ...at(450), ...second, channel: "organic_search" },
    { ...id("i1"), type: "identify", ...at(400), userId, ...first },
    { ...id("i2"), type: "identify", ...at(390), userId, ...second },
    { ...id("t3"), type: "click", ...at(300), userId, channel: "paid_search" },
    { ...id("c2"), type: "conversion", ...at(200), userId, ...worth("100", `${letter}-o2`) },
    { ...id("r1"), type: "refund", ...at(100), userId, ...worth("4", `${letter}-o1`) },
    { ...id("x1"), type: "custom", ...at(90), ...second, name: "scrolled" },
  ];
};

const ADA = "ada.lovelace@example.com";
const ADAS: [string, string] = ["0b8e2f1a-aaaa-4222-8333-444455556666", "phone-of-ada"];
const EVES: [string, string] = ["0b8e2f1a-eeee-4222-8333-444455556666", "phone-of-eve"];
const IDS_OF_ADA = [ADA, ...ADAS];

const post = async (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const send = async ({ gatewayUrl }: Platform, events: readonly object[], key?: string) => {
  const answer = await post(
    `${gatewayUrl}/v1/events`,
    { events },
    key === undefined ? {} : { "x-write-key": key },
  );
  expect(await answer.json()).toEqual({ accepted: events.length, refused: [] });
};
const settle = async ({ reportsUrl }: Platform, key = "") => {
  const answer = await fetch(`${reportsUrl}/v1/settled?timeoutMs=60000`, {
    headers: { "x-read-key": key },
  });
  expect(await answer.json()).toEqual({ settled: true });
};

/** Sends purchases of a crowd, one person after the other, until it is told to stop. @returns how many events were taken */
const crowd = (platform: Platform): { stop: () => Promise<number> } => {
  let flowing = true;
  const run = async (): Promise<number> => {
    let events = 0;
    for (let i = 0; flowing; i += 1) {
      const who = { userId: `crowd-${i % 50}` };
      await send(platform, [
        { id: `k-t${i}`, type: "click", time: Date.now() - 1000, ...who, channel: "social" },
        {
          id: `k-c${i}`,
          type: "conversion",
          time: Date.now(),
          ...who,
          value: "1",
          currency: "EUR",
        },
      ]);
      events += 2;
      await sleep(10);
    }
    return events;
  };
  const done = run();
  return {
    stop: async () => {
      flowing = false;
      return done;
    },
  };
};

interface Receipt {
  readonly receipt: string;
  readonly state: string;
  readonly erased: Readonly<Record<"events" | "conversions" | "touchpoints", number>>;
}

/** Waits until an erasure is done, whatever dies meanwhile. */
const erased = async ({ reportsUrl }: Platform, receipt: string): Promise<Receipt> => {
  for (let waits = 0; waits < 900; waits += 1) {
    const answer = await fetch(`${reportsUrl}/v1/erasures/${receipt}`).catch(() => undefined);
    const found = answer?.ok === true ? ((await answer.json()) as Receipt) : undefined;
    if (found?.state === "erased") return found;
    await sleep(100);
  }
  throw new Error("not erased within 90 s");
};

const kill = (platform: Platform, name: RegExp): void => {
  for (const { name: of, pid } of platform.processes()) {
    if (name.test(of) && pid !== undefined) process.kill(pid, "SIGKILL");
  }
};

/** Every answer that the reports give without naming anybody. */
const answersOf = async ({ reportsUrl }: Platform): Promise<string> => {
  const description = (await (await fetch(`${reportsUrl}/openapi.json`)).json()) as {
    paths: Record<string, { get?: unknown }>;
  };
  const texts: string[] = [];
  const needed: Readonly<Record<string, string>> = {
    "/v1/reports/changes": `?since=${new Date(NOW - 3_600_000).toISOString()}`,
    "/v1/imports/mapping": "?header=0123456789abcdef",
  };
  for (const [path, { get }] of Object.entries(description.paths)) {
    if (get === undefined || path.includes("{")) continue;
    const answer = await fetch(`${reportsUrl}${path}${needed[path] ?? ""}`);
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    texts.push(await answer.text());
  }
  for (const id of ["a-c1", "a-c2", "a-o1", "a-o2"]) {
    expect((await fetch(`${reportsUrl}/v1/conversions/${id}`)).status).toBe(404);
  }
  return texts.join("\n");
};

describe("an erased person", { timeout: TIMEOUT_MS }, () => {
  const data = temporaryDataDir();
  let platform: Platform;
  let sent = 0;

  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 4,
      workers: 2,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_ERASURE_GATHER_MS: "100",
      },
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  const ask = async <T>(...command: string[]): Promise<T> =>
    jsonOf<T>(await tributary([...command, "--data", data.dir, "--json"]));
  const creditsOfEve = async (): Promise<unknown> => [
    await ask("conversion", "e-o1"),
    await ask("conversion", "e-o2"),
  ];
  const expectConserved = async (): Promise<void> => {
    const answer = await fetch(`${platform.reportsUrl}/v1/reports/conservation`);
    const { money, ...conserved } = (await answer.json()) as { money: { residue: string }[] };
    expect(conserved).toMatchObject({ complete: true, events: { accepted: sent, residue: 0 } });
    expect(money.map(({ residue }) => Number(residue))).toEqual([0]);
    expect(await ask("audit")).toMatchObject({ different: 0 });
    expect(await ask("books")).toMatchObject({ closed: true });
  };

  it("is gone from every answer, and nobody else is, though processes die meanwhile", async () => {
    const ofAda = journey("a", ADA, ADAS);
    const ofEve = journey("e", "eve", EVES);
    for (let i = 0; i < ofAda.length; i += 3) {
      await send(platform, [...ofAda.slice(i, i + 3), ...ofEve.slice(i, i + 3)]);
    }
    sent += ofAda.length + ofEve.length;
    await settle(platform);
    const before = await creditsOfEve();
    expect(JSON.stringify(before)).toContain("paid_search");
    expect(await ask("conversion", "a-o2")).toMatchObject({ userKey: ADA });

    const traffic = crowd(platform);
    await sleep(500);
    const asked = await post(`${platform.reportsUrl}/v1/erasures`, { userId: ADA });
    expect(asked.status).toBe(202);
    const { receipt } = (await asked.json()) as Receipt;
    expect(asked.headers.get("location")).toBe(`/v1/erasures/${receipt}`);
    for (const name of [/^worker/, /^reports/, /^worker/, /^reports/]) {
      kill(platform, name);
      await sleep(1000);
    }
    const done = await erased(platform, receipt);
    sent += await traffic.stop();
    await settle(platform);

    expect(done.erased).toEqual({ events: 9, conversions: 2, touchpoints: 3 });
    const answers = await answersOf(platform);
    for (const id of IDS_OF_ADA) expect(answers).not.toContain(id);
    expect(await creditsOfEve()).toEqual(before);
    await expectConserved();
  });

  it("counts anew with what they do later, and can be erased again", async () => {
    const [anonymousId] = ADAS;
    const later = [
      { id: "a-t7", type: "click", ...at(9), anonymousId, channel: "affiliate" },
      { id: "a-i7", type: "identify", ...at(8), userId: ADA, anonymousId },
      { id: "a-c7", type: "conversion", ...at(7), userId: ADA, ...worth("7", "a-o7") },
    ];
    await send(platform, later);
    // Of before: a sender that repeats it brings nothing back.
    await send(platform, journey("a", ADA, ADAS).slice(0, 2));
    sent += later.length + 2;
    await settle(platform);
    const anew = await ask<{ touchpoints: readonly { channel: string }[] }>("conversion", "a-o7");
    expect(anew.touchpoints.map(({ channel }) => channel)).toEqual(["affiliate"]);
    await expectConserved();

    const command = ["erase", "--anonymous", anonymousId, "--yes", "--wait"];
    expect(await ask<Receipt>(...command)).toMatchObject({
      state: "erased",
      erased: { events: 3, conversions: 1, touchpoints: 1 },
    });
    // Nothing came since.
    expect(await ask<Receipt>(...command)).toMatchObject({ erased: { events: 0 } });
    await expectConserved();
    const { erasures } = await ask<{ erasures: Receipt[] }>("erasures");
    expect(erasures.map(({ state, erased: gone }) => [state, gone.events])).toEqual([
      ["erased", 0],
      ["erased", 3],
      ["erased", 9],
    ]);
  });

  it("is in no table and in no log", async () => {
    await platform.stop();
    const logs = readdirSync(platform.logDir).map((name) =>
      readFileSync(join(platform.logDir, name), "utf8"),
    );
    const engine = await openWarehouse({ dataDir: join(data.dir, "warehouse") });
    const tables = await engine.query<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${DATABASE}'`,
    );
    const rows = await Promise.all(
      tables.map(async ({ name }) =>
        JSON.stringify(await engine.query(`SELECT * FROM ${DATABASE}.${name}`)),
      ),
    );
    const mutations = JSON.stringify(await engine.query("SELECT * FROM system.mutations"));
    await engine.close();
    expect(rows.join()).toContain("eve");
    expect(mutations).toContain("DELETE");
    for (const text of [...logs, ...rows, mutations]) {
      for (const id of IDS_OF_ADA) expect(text).not.toContain(id);
    }
  });
});

describe("tenants", { timeout: TIMEOUT_MS }, () => {
  const data = temporaryDataDir();
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 2,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_KEYS_REFRESH_MS: "100",
        TRIBUTARY_ERASURE_GATHER_MS: "100",
        TRIBUTARY_WRITE_KEYS: "write-a=a,write-b=b",
        TRIBUTARY_READ_KEYS: "read-a=a,read-b=b",
      },
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  const erase = async (...args: string[]) =>
    tributary(["erase", "--user", "ada", "--yes", "--data", data.dir, "--json", ...args]);
  const keyFor = async (tenant: string): Promise<string> => {
    const args = ["--tenant", tenant, "--kind", "erase", "--data", data.dir];
    return (await tributary(["keys", "create", ...args])).stdout.trim();
  };
  const orderOf = async (tenant: string) => {
    const answer = await fetch(`${platform.reportsUrl}/v1/conversions/c-${tenant}`, {
      headers: { "x-read-key": `read-${tenant}` },
    });
    return answer.status;
  };

  it("erase their own people alone, with keys that are for nothing else", async () => {
    for (const tenant of ["a", "b"]) {
      const sale = { id: `c-${tenant}`, type: "conversion", ...at(1), userId: "ada" };
      await send(platform, [sale], `write-${tenant}`);
    }
    await settle(platform, "read-a");
    for (const key of ["read-a", "write-a", "unknown"]) {
      expect(await erase("--key", key)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("erase key"),
      });
    }
    const [ofA, ofB] = [await keyFor("a"), await keyFor("b")];
    // Services know of a key within moments.
    await expect.poll(async () => (await erasuresOf(ofB)).status, { timeout: 5000 }).toBe(200);
    expect(await erase("--key", ofB, "--tenant", "a")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("expected the tenant of the erase key"),
    });
    expect([await orderOf("a"), await orderOf("b")]).toEqual([200, 200]);

    const done = jsonOf<Receipt>(await erase("--key", ofB, "--tenant", "b", "--wait"));
    expect(done).toMatchObject({ state: "erased", erased: { events: 1, conversions: 1 } });
    expect([await orderOf("a"), await orderOf("b")]).toEqual([200, 404]);
    expect((await erasuresOf(ofA, `/${done.receipt}`)).status).toBe(404);
    expect(await (await erasuresOf(ofA)).json()).toEqual({ erasures: [] });
    const own = await (await erasuresOf(ofB, `/${done.receipt}`)).json();
    expect(own).toMatchObject({ receipt: done.receipt, state: "erased" });
  });

  const erasuresOf = async (key: string, path = ""): Promise<Response> =>
    fetch(`${platform.reportsUrl}/v1/erasures${path}`, { headers: { "x-erase-key": key } });
});

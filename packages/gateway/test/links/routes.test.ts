import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventsKey } from "@tributary/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { tenantsFile } from "../../../../test/support/tenants-file.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { storedEvents } from "../support/stored-events.ts";

const UUID = /^[0-9a-f-]{36}$/;
const TARGET = "https://shop.example/a?utm_source=news&utm_medium=email&x=%2f#top";
let redis: RedisServer;
let dir: string;
let settingsDir: string;
let gateway: TestGateway;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "links-"));
  settingsDir = mkdtempSync(join(tmpdir(), "links-settings-"));
  redis = await startRedis();
});
afterEach(async () => {
  await gateway?.close();
  await redis?.close();
  for (const one of [dir, settingsDir]) rmSync(one, { recursive: true, force: true });
});

const start = async (more: Record<string, string> = {}) => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_WRITE_KEYS: "k1=acme,k2=globex",
    TRIBUTARY_TENANTS_FILE: tenantsFile(settingsDir, { acme: { links: ["shop.example"] } }),
    TRIBUTARY_SPOOL_DIR: dir,
    TRIBUTARY_REDIS_WAIT_MS: "200",
    ...more,
  });
};
const click = async (query: string, key = "k1") =>
  gateway.server.inject({
    url: `/c/${key}?${query}`,
    headers: { referer: "https://blog.example/" },
  });
const to = (url: string) => `url=${encodeURIComponent(url)}`;
const events = async (): Promise<number> => {
  let count = 0;
  for (let partition = 0; partition < 4; partition += 1) {
    const entries = await gateway.client.xrange(eventsKey(partition), "-", "+");
    count += entries.reduce((sum, [, fields]) => sum + Number(fields[1]), 0);
  }
  return count;
};
const metric = async (text: string) =>
  (await gateway.server.inject("/metrics")).body.split("\n").find((line) => line.startsWith(text));

describe("a link", () => {
  it("leads on at once, with its click's ID, the rest as it was", async () => {
    await start();
    const answer = await click(to(TARGET));
    expect(answer.statusCode).toBe(302);
    expect(answer.headers["cache-control"]).toBe("no-store");
    const [address = "", id] = String(answer.headers.location).split("&tclid=");
    expect(address).toBe("https://shop.example/a?utm_source=news&utm_medium=email&x=%2f");
    expect(id?.replace("#top", "")).toMatch(UUID);
    await expect.poll(events).toBe(1);
    expect(await metric('tributary_link_events_total{type="click",outcome="kept"}')).toMatch(/ 1$/);
    // A look at where it leads is no click.
    const { method, url } = { method: "HEAD" as const, url: `/c/k1?${to(TARGET)}` };
    expect((await gateway.server.inject({ method, url })).statusCode).toBe(405);
    await expect
      .poll(async () => metric('tributary_spool_batches_total{outcome="forwarded"}'))
      .toMatch(/ 1$/);
  });

  it("gives its own fields to the page that it leads to, where its target has none", async () => {
    await start();
    const own = "source=ads&campaign=spring%20%26%20co&channel=partners&term=";
    const answer = await click(`${to(TARGET)}&${own}`);
    const { hash, searchParams } = new URL(String(answer.headers.location));
    expect(hash).toBe("#top");
    const { tclid, ...rest } = Object.fromEntries(searchParams);
    expect(tclid).toMatch(UUID);
    expect(rest).toEqual({
      utm_source: "news",
      utm_medium: "email",
      x: "/",
      utm_campaign: "spring & co",
      tchannel: "partners",
    });
    // Cut as the click has it.
    const long = await click(`${to(TARGET)}&campaign=${"x".repeat(300)}`);
    const { searchParams: cut } = new URL(String(long.headers.location));
    expect(cut.get("utm_campaign")).toBe("x".repeat(256));
  });

  it("is refused where it would lead elsewhere, and without a key, by name", async () => {
    await start();
    const cases = [
      [await click(to("https://evil.example/")), 400, "target_refused", "evil.example"],
      [await click(""), 400, "target_refused", "url: expected"],
      [await click(to(TARGET), "k2"), 400, "target_refused", "shop.example"],
      [await click(to(TARGET), "k3"), 401, "unauthorized", "not known"],
    ] as const;
    for (const [answer, status, code, part] of cases) {
      expect([answer.statusCode, answer.json()]).toMatchObject([status, { error: { code } }]);
      expect(answer.body).toContain(part);
      expect(answer.headers.location).toBeUndefined();
    }
  });

  it("keeps a click whose texts are longer than an event's, cut, and without a visitor's ID that is", async () => {
    await start();
    const long = `campaign=${"x".repeat(255)}%C3%A9&channel=${"c".repeat(65)}&uid=${"u".repeat(129)}`;
    const answer = await gateway.server.inject({
      url: `/c/k1?${to(TARGET)}&${long}`,
      headers: { referer: `https://blog.example/${"r".repeat(2048)}` },
    });
    expect(answer.statusCode).toBe(302);
    await expect.poll(events).toBe(1);
    const id = String(answer.headers.location).match(/tclid=([0-9a-f-]+)/)?.[1];
    const [stored] = await storedEvents(gateway);
    expect(stored).toMatchObject({
      id,
      anonymousId: id,
      userId: "",
      dimensions: { campaign: "x".repeat(255), channel: "c".repeat(64) },
      referrer: `https://blog.example/${"r".repeat(2048 - 21)}`,
    });
  });

  it("leads on with what the event cannot hold, which is counted", async () => {
    await start({ TRIBUTARY_MAX_EVENT_BYTES: "256" });
    const answer = await click(`${to(TARGET)}&campaign=${"x".repeat(250)}`);
    expect(answer.statusCode).toBe(302);
    expect(await metric('tributary_link_events_total{type="click",outcome="refused"}')).toMatch(
      / 1$/,
    );
  });

  it("gives its target back what an address that was not encoded lost, and says so", async () => {
    const lines: string[] = [];
    gateway = await startGateway(
      redis.url,
      {
        TRIBUTARY_WRITE_KEYS: "k1=acme",
        TRIBUTARY_TENANTS_FILE: tenantsFile(settingsDir, { acme: { links: ["shop.example"] } }),
        TRIBUTARY_SPOOL_DIR: "",
      },
      { write: (line) => void lines.push(line) },
    );
    const unencoded =
      "url=https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=a&uid=ada";
    const answer = await click(unencoded);
    expect(answer.statusCode).toBe(302);
    expect(String(answer.headers.location)).toMatch(
      /^https:\/\/shop\.example\/\?utm_source=news&utm_medium=email&utm_campaign=a&tclid=/,
    );
    const tagged = await click(
      `${to("https://shop.example/?utm_source=news")}&utm_source=x&utm_term=b`,
    );
    expect(String(tagged.headers.location)).toMatch(/\?utm_source=news&utm_term=b&tclid=/);
    const long = await click(
      `${to(`https://shop.example/?x=${"y".repeat(2000)}`)}&utm_term=${"z".repeat(200)}`,
    );
    expect([long.statusCode, String(long.headers.location).includes("utm_term")]).toEqual([
      302,
      false,
    ]);
    for (const reason of ["unencoded", "utm_on_link", "too_long"]) {
      expect(await metric(`tributary_stray_links_total{reason="${reason}"}`)).toMatch(/ 1$/);
    }
    const said = lines.filter((line) => line.includes("tributary link"));
    expect(said).toHaveLength(1);
    expect(JSON.parse(said[0] ?? "")).toMatchObject({
      tenant: "acme",
      reason: "unencoded",
      parameters: ["utm_medium", "utm_campaign"],
    });
    // The click is described by all of them.
    const texts: string[] = [];
    for (let partition = 0; partition < 4; partition += 1) {
      const entries = await gateway.client.xrangeBuffer(eventsKey(partition), "-", "+");
      texts.push(...entries.map(([, fields]) => Buffer.concat(fields).toString("latin1")));
    }
    expect(texts.join("")).toContain("utm_source=news&utm_medium=email&utm_campaign=a");
    expect(await click(to(TARGET))).toMatchObject({ statusCode: 302 });
  });

  it("leads on while Redis is away, and its click arrives when it is back", async () => {
    await start();
    await redis.kill();
    const startedMs = performance.now();
    for (let i = 0; i < 20; i += 1) expect((await click(to(TARGET))).statusCode).toBe(302);
    expect(performance.now() - startedMs).toBeLessThan(20 * 200);
    expect(gateway.spool?.bytes).toBeGreaterThan(0);
    await redis.start();
    await expect.poll(events, { timeout: 10_000 }).toBe(20);
    await gateway.close();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("leads on without a spool, and where the spool is full, and what is lost is counted", async () => {
    await start({ TRIBUTARY_SPOOL_DIR: "" });
    expect((await click(to(TARGET))).statusCode).toBe(302);
    expect(await metric('tributary_link_events_total{type="click",outcome="sent"}')).toMatch(/ 1$/);
    await redis.kill();
    const startedMs = performance.now();
    expect((await click(to(TARGET))).statusCode).toBe(302);
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(await metric('tributary_link_events_total{type="click",outcome="lost"}')).toMatch(/ 1$/);
  });
});

it("a pixel is a pixel whatever is wrong, and an impression where nothing is", async () => {
  await start();
  const asked = ["/p.gif?key=k1&aid=a1&campaign=spring", "/p.gif?key=wrong", "/p.gif"];
  for (const url of asked) {
    const answer = await gateway.server.inject(url);
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "image/gif"]);
    expect(answer.rawPayload.subarray(0, 6).toString()).toBe("GIF89a");
    expect(answer.headers["cache-control"]).toContain("no-store");
  }
  expect(await metric('tributary_link_events_total{type="impression",outcome="kept"}')).toMatch(
    / 1$/,
  );
  expect(await metric('tributary_link_events_total{type="impression",outcome="refused"}')).toMatch(
    / 2$/,
  );
  await expect.poll(events).toBe(1);
});

describe("/v1/events with a spool of its own", () => {
  const post = async (body: unknown) =>
    gateway.server.inject({
      method: "POST",
      url: "/v1/events",
      headers: { authorization: "Bearer k1", "content-type": "application/json" },
      payload: JSON.stringify(body),
    });
  const event = (id: string) => ({ id, type: "visit", time: Date.now(), userId: "u" });

  it("takes events while Redis is away, refuses the bad ones as ever, and all arrive once", async () => {
    await start({ TRIBUTARY_SPOOL_EVENTS: "on" });
    await redis.kill();
    // The first waits for Redis as long as it may; from then on the disk is asked at once.
    const first = await post([event("e1"), event("e2")]);
    expect([first.statusCode, first.json()]).toEqual([202, { accepted: 2, refused: [] }]);
    const second = await post([event("e3"), { ...event("e4"), type: "unknown" }]);
    expect([second.statusCode, second.json()]).toMatchObject([
      202,
      { accepted: 1, refused: [{ index: 1, field: "type" }] },
    ]);
    await redis.start();
    await expect.poll(async () => gateway.spool?.bytes, { timeout: 10_000 }).toBe(0);
    expect(await events()).toBe(3);
    expect(await metric("tributary_events_accepted_total")).toMatch(/ 3$/);
  });

  it("answers 503 without it", async () => {
    await start();
    await redis.kill();
    expect((await post([event("e1")])).statusCode).toBe(503);
  });
});

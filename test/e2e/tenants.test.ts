/** Tenants of one platform: none sees anything of another, and one that sends too much slows only itself. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const QUOTA = 2000;
const NOISY_TIMES = 50;
const NOW = Date.now();
/** In every text that tenant globex gives. */
const MARK = "zz9globex";

const data = temporaryDataDir();
let platform: Platform;
beforeAll(async () => {
  const keys = ["acme", "globex", "quiet", "noisy"].map((name) => `key-${name}=${name}`).join(",");
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_WRITE_KEYS: keys,
      TRIBUTARY_READ_KEYS: keys,
      TRIBUTARY_ERASE_KEYS: keys,
      TRIBUTARY_IMPORT_KEYS: keys,
      TRIBUTARY_QUOTA_EVENTS_PER_SECOND: String(QUOTA),
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

const headers = (tenant: string) => ({
  authorization: `Bearer key-${tenant}`,
  "content-type": "application/json",
});
const post = async (tenant: string, events: unknown) =>
  fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: headers(tenant),
    body: JSON.stringify(events),
  });
const get = async (tenant: string, path: string) =>
  fetch(`${platform.reportsUrl}${path}`, { headers: headers(tenant) });

/** Sends the same batch again and again, which counts towards a quota as any other, whatever it is answered. */
const NOISE = `
const { parentPort, workerData } = require("node:worker_threads");
const { url, headers, body, everyMs } = workerData;
const counts = { taken: 0, refused: 0, other: [] };
let stopped = false;
parentPort.once("message", () => { stopped = true; });
const send = async () => {
  const answer = await fetch(url, { method: "POST", headers, body });
  await answer.text();
  if (answer.status === 202) counts.taken += 1;
  else if (answer.status === 429) counts.refused += 1;
  else counts.other.push(answer.status);
};
(async () => {
  const started = performance.now();
  const sent = [];
  for (let i = 0; !stopped; i += 1) {
    sent.push(send());
    await new Promise((resolve) => setTimeout(resolve, started + i * everyMs - performance.now()));
  }
  await Promise.all(sent);
  parentPort.postMessage(counts);
})();
`;

/** A journey whose every text has a mark, so that none of it could hide. */
function journey(mark: string) {
  const at = (secondsAgo: number) => ({ time: NOW - secondsAgo * 1000 });
  const who = { userId: `user-${mark}` };
  const dimensions = {
    source: `s-${mark}`,
    medium: `m-${mark}`,
    campaign: `c-${mark}`,
    term: `t-${mark}`,
    content: `n-${mark}`,
    channel: `ch-${mark}`,
  };
  const order = { orderId: `o-${mark}`, value: "10", currency: mark === MARK ? "JPY" : "EUR" };
  return [
    { id: `v-${mark}`, type: "visit", ...at(60), anonymousId: `a-${mark}`, ...dimensions },
    { id: `i-${mark}`, type: "identify", ...at(50), ...who, anonymousId: `a-${mark}` },
    { id: `p-${mark}`, type: "conversion", ...at(40), ...who, name: `purchase-${mark}`, ...order },
    { id: `r-${mark}`, type: "refund", ...at(30), ...who, ...order, value: "1" },
    { id: `x-${mark}`, type: "custom", ...at(20), ...who, name: `custom-${mark}` },
  ];
}

interface Described {
  readonly paths: Readonly<Record<string, { readonly get?: object }>>;
}

describe("a tenant", () => {
  it("finds nothing of another at any path", { timeout: TIMEOUT_MS }, async () => {
    for (const [tenant, mark] of [
      ["acme", "aa1acme"],
      ["globex", MARK],
    ] as const) {
      expect((await post(tenant, journey(mark))).status).toBe(202);
      const spend = `day,source,campaign,amount,currency\n2026-01-01,s-${mark},c-${mark},5,JPY\n`;
      const given = { method: "POST", headers: { ...headers(tenant), "content-type": "text/csv" } };
      const answer = await fetch(`${platform.reportsUrl}/v1/spend`, { ...given, body: spend });
      expect(await answer.json()).toEqual({ imported: 1, unmapped: [] });
      const rates = `day,currency,target,rate\n2026-01-01,JPY,EUR,0.00${mark.length}\n`;
      await fetch(`${platform.reportsUrl}/v1/rates`, { ...given, body: rates });
    }
    expect(await (await get("acme", "/v1/settled?timeoutMs=30000")).json()).toEqual({
      settled: true,
    });
    const { paths } = (await (await get("acme", "/openapi.json")).json()) as Described;
    const listed = Object.entries(paths).filter(
      ([, { get: documented }]) => documented !== undefined,
    );
    expect(listed.length).toBeGreaterThan(14);
    const dimensions = ["channel", "source", "medium", "campaign", "term", "content"];
    const more: Readonly<Record<string, readonly string[]>> = {
      "/v1/reports/attribution": [
        ...dimensions.map((by) => `?model=all&by=${by}`),
        "?model=linear,markov,shapley&by=channel,campaign&window=7d",
        "?model=linear&by=campaign&format=csv",
      ],
      "/v1/reports/counts": [...dimensions, "name"].map((by) => `?by=${by}`),
      "/v1/reports/paths": dimensions.map((by) => `?by=${by}`),
      "/v1/reports/assists": dimensions.map((by) => `?by=${by}`),
      "/v1/reports/changes": ["?since=2020-01-01&by=campaign"],
      "/v1/reports/cost": ["?by=campaign", "?by=source&currency=EUR"],
      "/v1/conversions/{key}": [],
      "/v1/erasures/{receipt}": [],
      "/v1/export/events": ["", "?format=csv"],
      "/v1/imports/mapping": ["?header=0123456789abcdef"],
    };
    let own = 0;
    for (const [path] of listed) {
      for (const query of more[path] ?? [""]) {
        const answer = await get("acme", `${path}${query}`);
        const body = await answer.text();
        expect({
          path,
          query,
          status: answer.status,
          ...(answer.status === 200 ? {} : { body }),
        }).toEqual({ path, query, status: 200 });
        expect({ path, query, found: body.includes(MARK) }).toEqual({ path, query, found: false });
        if (body.includes("aa1acme")) own += 1;
      }
    }
    // It does find its own, in most of them.
    expect(own).toBeGreaterThan(25);
    for (const id of [`p-${MARK}`, `o-${MARK}`]) {
      expect((await get("acme", `/v1/conversions/${id}`)).status).toBe(404);
      expect((await get("globex", `/v1/conversions/${id}`)).status).toBe(200);
    }
    const { events } = (await (await get("acme", "/v1/reports/conservation")).json()) as {
      events: { accepted: number };
    };
    expect(events.accepted).toBe(5);
    const erasure = await fetch(`${platform.reportsUrl}/v1/erasures`, {
      method: "POST",
      headers: headers("globex"),
      body: JSON.stringify({ userId: `nobody-${MARK}` }),
    });
    const { receipt } = (await erasure.json()) as { receipt: string };
    expect((await get("acme", `/v1/erasures/${receipt}`)).status).toBe(404);
    expect((await get("globex", `/v1/erasures/${receipt}`)).status).toBe(200);
    expect(await (await get("acme", "/v1/erasures")).json()).toEqual({ erasures: [] });
    const wrong = await get("nobody", "/v1/export/events");
    expect([wrong.status, await wrong.text()]).toEqual([401, expect.not.stringContaining(MARK)]);
    // The same IDs of another tenant are other events.
    expect((await post("globex", journey("aa1acme"))).status).toBe(202);
    expect(await (await get("acme", "/v1/settled?timeoutMs=30000")).json()).toEqual({
      settled: true,
    });
    expect(await (await get("acme", "/v1/audit")).json()).toMatchObject({
      compared: 1,
      different: 0,
    });
  });

  it("that sends 50 times its quota slows only itself", { timeout: TIMEOUT_MS }, async () => {
    let sent = 0;
    const batch = (events: number) =>
      Array.from({ length: events }, () => {
        sent += 1;
        return { id: `q${sent}`, type: "visit", time: Date.now(), userId: `u${sent % 1000}` };
      });
    /** Requests of the quiet tenant, 50 a second. @returns how long each took, ms */
    const measure = async (seconds: number): Promise<number[]> => {
      const took: number[] = [];
      for (let i = 0; i < seconds * 50; i += 1) {
        const startedMs = performance.now();
        const answer = await post("quiet", batch(10));
        await answer.text();
        took.push(performance.now() - startedMs);
        expect(answer.status).toBe(202);
        await sleep(Math.max(0, 20 - (performance.now() - startedMs)));
      }
      return took;
    };
    const body = JSON.stringify(batch(500));
    let refused = 0;
    let taken = 0;
    /** The noise, from a thread of its own: it must not delay who measures. @returns its end */
    const makeNoise = (): (() => Promise<void>) => {
      const worker = new Worker(NOISE, {
        eval: true,
        workerData: {
          url: `${platform.gatewayUrl}/v1/events`,
          headers: headers("noisy"),
          body,
          everyMs: (500 * 1000) / (QUOTA * NOISY_TIMES),
        },
      });
      return async () => {
        const said = once(worker, "message");
        worker.postMessage("stop");
        const [counts] = (await said) as [{ taken: number; refused: number; other: number[] }];
        expect(counts.other).toEqual([]);
        taken += counts.taken;
        refused += counts.refused;
        await worker.terminate();
      };
    };
    await measure(1);
    const quietly: number[] = [];
    const beside: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      quietly.push(...(await measure(2)));
      const quieten = makeNoise();
      beside.push(...(await measure(2)));
      await quieten();
    }
    const p95 = (all: number[]): number =>
      all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.95)] ?? NaN;
    console.log(
      `quiet p95 ${p95(quietly).toFixed(1)} ms, beside the noise ${p95(beside).toFixed(1)} ms (${(p95(beside) / p95(quietly)).toFixed(2)} times); of the noisy tenant ${taken} requests taken, ${refused} refused`,
    );
    expect(refused).toBeGreaterThan(10 * taken);
    // On a busy machine all is slower; what must not happen is that its requests wait behind the other's.
    expect(p95(beside)).toBeLessThan(5 * p95(quietly) + 50);
  });
});

/** API keys made, rotated and revoked by the command, while the platform runs. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
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
      TRIBUTARY_READ_KEYS: "redis",
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

const keys = async (...args: string[]) => tributary(["keys", ...args, "--data", data.dir]);
const made: string[] = [];
/** Makes a key. @returns it, and its ID */
const make = async (...args: string[]): Promise<{ key: string; id: string }> => {
  const { stdout, stderr, code } = await keys(...args);
  expect([code, stderr]).toEqual([0, expect.stringContaining("it is not shown again")]);
  const key = stdout.trim();
  made.push(key);
  return { key, id: /key ([0-9a-f]{8}) of/.exec(stderr)?.[1] ?? "" };
};
let sent = 0;
const send = async (key?: string): Promise<number> => {
  sent += 1;
  const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { "x-write-key": key }),
    },
    body: JSON.stringify([{ id: `e${sent}`, type: "click", time: Date.now(), userId: "u" }]),
  });
  return answer.status;
};
const ask = async (key?: string): Promise<Response> =>
  fetch(`${platform.reportsUrl}/v1/reports/counts`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
const becomes = async (status: number, request: () => Promise<number>): Promise<void> => {
  for (let waits = 0; waits < 100; waits += 1) {
    if ((await request()) === status) return;
    await sleep(50);
  }
  throw new Error(`no answer ${status} within 5 s`);
};

describe("API keys", { timeout: TIMEOUT_MS }, () => {
  it("are needed from the first one on, end when they are rotated or revoked, and are nowhere in the clear", async () => {
    expect(await send()).toBe(202);
    // Those of reports are in Redis alone: nobody reads without one, though there is none yet.
    expect((await ask()).status).toBe(401);

    const first = await make("create", "--tenant", "acme", "--name", "shop");
    await becomes(401, async () => send());
    expect(await send(first.key)).toBe(202);
    expect(await send("another")).toBe(401);

    const reader = await make("create", "--tenant", "acme", "--kind", "read");
    await becomes(200, async () => (await ask(reader.key)).status);
    expect(await send(reader.key)).toBe(401);
    expect((await ask(first.key)).status).toBe(401);

    const second = await make("rotate", first.id, "--grace", "1h");
    await becomes(202, async () => send(second.key));
    expect(await send(first.key)).toBe(202);
    const third = await make("rotate", second.id, "--grace", "0s");
    await becomes(401, async () => send(second.key));
    expect(await send(third.key)).toBe(202);

    const listed = await keys("list");
    expect(listed.stdout).toMatch(new RegExp(`^${second.id} +acme +shop +\\S+ +ended`, "m"));
    expect(listed.stdout).toMatch(new RegExp(`^${third.id} +acme +shop +\\S+ +never`, "m"));

    expect((await keys("revoke", third.id)).stdout).toBe(`revoked ${third.id}\n`);
    await becomes(401, async () => send(third.key));
    const again = await keys("revoke", third.id);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining("there is no write key"),
    ]);

    const kept = await contentOfRedis();
    expect(kept).toContain('"tenant":"acme"');
    const logs = readdirSync(platform.logDir).map((name) =>
      readFileSync(join(platform.logDir, name), "utf8"),
    );
    for (const key of made) expect([kept, ...logs].some((text) => text.includes(key))).toBe(false);
  });

  it("are known while Redis is away", async () => {
    const { key } = await make("create", "--tenant", "acme");
    await becomes(202, async () => send(key));
    const redis = platform.processes().find(({ name }) => name === "redis");
    process.kill(redis?.pid ?? Number.NaN, "SIGKILL");
    expect(await send("another")).toBe(401);
    await becomes(202, async () => send(key));
  });

  it("of a tenant or kind that cannot be are refused", async () => {
    expect(await keys("create", "--tenant", "a b")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Expected letters, digits, - and _."),
    });
    expect((await keys("create", "--tenant", "a", "--kind", "admin")).code).toBe(2);
    expect((await keys("create")).code).toBe(2);
  });
});

describe("a platform that has had a key", { timeout: TIMEOUT_MS }, () => {
  const own = temporaryDataDir();
  let running: Platform | undefined;
  afterAll(async () => {
    await running?.stop();
    own.remove();
  });
  const start = async (): Promise<Platform> => {
    await running?.stop();
    running = undefined;
    running = await startPlatform({
      dataDir: own.dir,
      port: 0,
      partitions: 1,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_KEYS_REFRESH_MS: "100",
      },
    });
    return running;
  };
  /** Statuses of a request that needs a write, a read and an erase key, sent without any. */
  const statuses = async ({ gatewayUrl, reportsUrl }: Platform): Promise<number[]> => {
    const headers = { "content-type": "application/json" };
    const event = { id: "e", type: "click", time: Date.now(), userId: "u" };
    const answers = await Promise.all([
      fetch(`${gatewayUrl}/v1/events`, { method: "POST", headers, body: JSON.stringify([event]) }),
      fetch(`${reportsUrl}/v1/reports/counts`),
      fetch(`${reportsUrl}/v1/erasures`, { method: "POST", headers, body: '{"userId":"nobody"}' }),
    ]);
    return answers.map(({ status }) => status);
  };
  const ofKeys = async (...args: string[]) => tributary(["keys", ...args, "--data", own.dir]);

  it("stays closed over a restart when its last key was revoked, until somebody opens it", async () => {
    const first = await start();
    expect(await statuses(first)).toEqual([202, 200, 202]);
    for (const kind of ["write", "read", "erase"]) {
      const made = await ofKeys("create", "--tenant", "acme", "--kind", kind);
      const id = /key ([0-9a-f]{8}) of/.exec(made.stderr)?.[1] ?? "";
      const early = await ofKeys("open", "--kind", kind);
      expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("revoke")]);
      expect((await ofKeys("revoke", id, "--kind", kind)).code).toBe(0);
    }
    const second = await start();
    expect(await statuses(second)).toEqual([401, 401, 401]);
    expect((await ofKeys("list")).stdout).toContain("requests need one");

    for (const kind of ["write", "read", "erase"]) {
      expect(await ofKeys("open", "--kind", kind)).toMatchObject({ code: 0 });
    }
    const opens = async (): Promise<number> => Math.max(...(await statuses(second)));
    await becomes(202, opens);
    expect(await statuses(await start())).toEqual([202, 200, 202]);
  });
});

async function contentOfRedis(): Promise<string> {
  const redis = new Redis(platform.redisUrl);
  try {
    const texts: string[] = [];
    for (const key of await redis.keys("tributary:*")) {
      if ((await redis.type(key)) === "hash") texts.push(JSON.stringify(await redis.hvals(key)));
    }
    return texts.join("\n").replaceAll("\\", "");
  } finally {
    redis.disconnect();
  }
}

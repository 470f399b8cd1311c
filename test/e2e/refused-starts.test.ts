/** What cannot start says why at once, in a line, and ends with an exit code. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import {
  type CliResult,
  finished,
  start,
  temporaryDataDir,
  tributary,
} from "../support/tributary.ts";

const SERVICES = ["gateway", "worker", "reports", "webhooks"] as const;
const PASSWORD = "wr0ng-pa55";
/** Far below what a start may wait for Redis. */
const LIMIT_MS = 15_000;
const data = temporaryDataDir();
let redis: RedisServer;
let closedUrl: string;
beforeAll(async () => {
  redis = await startRedis();
  const client = new Redis(redis.url);
  await client.config("SET", "requirepass", "right");
  client.disconnect();
  closedUrl = redis.url.replace("redis://", `redis://:${PASSWORD}@`);
});
afterAll(async () => {
  await redis?.close();
  data.remove();
});

/** Starts a service, and kills it where it does not end by itself: its code is null then. */
async function started(
  service: (typeof SERVICES)[number],
  env: Record<string, string>,
): Promise<CliResult> {
  const main = fileURLToPath(new URL(`../../packages/${service}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env["PATH"],
      OTEL_TRACES_EXPORTER: "none",
      REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: data.dir,
      TRIBUTARY_PORT: "0",
      TRIBUTARY_WEBHOOKS: "acme=http://127.0.0.1:1/",
      TRIBUTARY_WEBHOOK_SECRETS: "acme=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  return finished(child);
}

describe.each(SERVICES)("%s", (service) => {
  it("says that Redis refuses the password, and ends", { timeout: 2 * LIMIT_MS }, async () => {
    for (const [url, why] of [
      [closedUrl, "WRONGPASS"],
      [redis.url, "NOAUTH"],
    ] as const) {
      const { code, stdout, stderr } = await started(service, { REDIS_URL: url });
      expect([code, stdout + stderr]).toEqual([
        1,
        expect.stringContaining(`Redis refuses the user or the password of REDIS_URL (${why})`),
      ]);
      expect(stdout + stderr).not.toContain(PASSWORD);
    }
  });

  it(
    "refuses a variable that there is not, with the nearest name",
    { timeout: 2 * LIMIT_MS },
    async () => {
      const { code, stdout, stderr } = await started(service, {
        TRIBUTARY_WRITEKEYS: "s3cret=shop",
      });
      expect([code, stdout + stderr]).toEqual([
        1,
        expect.stringContaining(
          "TRIBUTARY_WRITEKEYS: there is no such variable; did you mean TRIBUTARY_WRITE_KEYS?",
        ),
      ]);
      expect(stdout + stderr).not.toContain("s3cret");
    },
  );
});

describe("tributary up", () => {
  const up = async (args: readonly string[], env: Record<string, string> = {}) => {
    const child = start(["up", "--port", "0", ...args], env);
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const result = await finished(child);
    clearTimeout(timer);
    return result;
  };

  it("refuses a variable that there is not, before anything starts", async () => {
    const { code, stderr } = await up(["--data", data.dir], {
      TRIBUTARY_READ_KEY_S: "s3cret=shop",
    });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("there is no such variable; did you mean TRIBUTARY_READ_KEYS?"),
    ]);
    expect(stderr).not.toContain("starting");
  });

  it("says that Redis refuses the password", { timeout: 2 * LIMIT_MS }, async () => {
    const { code, stderr } = await up(["--data", data.dir], { REDIS_URL: closedUrl });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("refuses the user or the password"),
    ]);
    expect(stderr).not.toContain(PASSWORD);
    const lag = await tributary(["groups", "--redis", closedUrl]);
    expect([lag.code, lag.stderr]).toEqual([1, expect.stringContaining("(WRONGPASS)")]);
  });

  it.skipIf(process.platform !== "linux")(
    "ends where its folder cannot be made",
    { timeout: 2 * LIMIT_MS },
    async () => {
      for (const dir of ["/proc/nope", "/proc/nope/deeper", "/dev/null", "/dev/null/x"]) {
        const { code, stderr } = await up(["--data", dir]);
        expect([dir, code, stderr]).toEqual([dir, 2, expect.stringContaining(`${dir} cannot be`)]);
      }
      const env = { REDIS_URL: redis.url.replace("//", "//:right@") };
      const spool = await started("gateway", { ...env, TRIBUTARY_SPOOL_DIR: "/proc/nope" });
      expect([spool.code, spool.stdout]).toEqual([1, expect.stringContaining("SPOOL_DIR")]);
      const reports = await started("reports", { ...env, TRIBUTARY_DATA_DIR: "/proc/nope" });
      expect([reports.code, reports.stdout]).toEqual([1, expect.stringContaining("/proc/nope")]);
    },
  );
});

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/redis-server.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const CONFIG = fileURLToPath(new URL("../../deploy/haproxy/haproxy.cfg", import.meta.url));
const HAPROXY = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]
  .map((folder) => join(folder, "haproxy"))
  .find((path) => existsSync(path));
/** Events a second; half of a machine's maximum is a manual matter. */
const RATE = Number(process.env["TRIBUTARY_ROLLING_RATE"] ?? "2000");
const BATCH = Math.max(20, Math.round(RATE / 200));
const CLIENTS = 8;

describe.skipIf(HAPROXY === undefined)(
  "SIGTERM to every process in turn, two gateways behind HAProxy (skipped where there is none)",
  () => {
    const folders = [temporaryDataDir(), temporaryDataDir()] as const;
    const platforms: Platform[] = [];
    let haproxy: ChildProcess | undefined;
    let url = "";

    beforeAll(async () => {
      const shared = {
        partitions: 4,
        environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
      };
      const first = await startPlatform({ ...shared, dataDir: folders[0].dir, port: 0 });
      platforms.push(first);
      const { redisUrl } = first;
      const more = { dataDir: folders[1].dir, port: 0, redisUrl, reports: false };
      platforms.push(await startPlatform({ ...shared, ...more }));
      // The configuration that is deployed, but for where the gateways are.
      const servers = platforms.map(
        ({ gatewayUrl }, i) => `    server gateway-${i} ${new URL(gatewayUrl).host} check`,
      );
      const config = readFileSync(CONFIG, "utf8").replace(
        /^ *server-template .*$/m,
        servers.join("\n"),
      );
      expect(config).toContain("server gateway-1 ");
      const file = join(folders[0].dir, "haproxy.cfg");
      writeFileSync(file, config);
      const port = await freePort();
      haproxy = spawn(HAPROXY ?? "", ["-f", file], {
        stdio: "ignore",
        env: {
          ...process.env,
          TRIBUTARY_LISTEN: String(port),
          TRIBUTARY_STATS: String(await freePort()),
        },
      });
      url = `http://127.0.0.1:${port}/v1/events`;
      for (let waits = 0; ; waits += 1) {
        const answer = await fetch(url, { method: "POST", body: "[]" }).catch(() => undefined);
        if (answer !== undefined && answer.status !== 503) break;
        if (waits === 100) throw new Error("HAProxy does not answer");
        await sleep(100);
      }
    }, TIMEOUT_MS);
    afterAll(async () => {
      if (haproxy !== undefined && haproxy.exitCode === null) {
        haproxy.kill("SIGTERM");
        await once(haproxy, "exit");
      }
      // The first has the Redis of both.
      for (const platform of platforms.toReversed()) await platform.stop();
      for (const folder of folders) folder.remove();
    });

    it(
      "fails no request of a client that tries once more, loses and doubles nothing",
      { timeout: TIMEOUT_MS },
      async () => {
        let sent = 0;
        let conversions = 0;
        let triedAgain = 0;
        const failures: string[] = [];
        let isOver = false;
        const times: number[] = [];
        const attempt = async (body: string): Promise<string | undefined> => {
          try {
            const answer = await fetch(url, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body,
            });
            await answer.text();
            return answer.status === 202 ? undefined : `status ${answer.status}`;
          } catch (error) {
            return error instanceof Error
              ? `${error.message}: ${String(error.cause)}`
              : String(error);
          }
        };
        const client = async (number: number): Promise<void> => {
          for (let batch = 0; !isOver; batch += 1) {
            const startedMs = performance.now();
            const time = Date.now();
            const events = Array.from({ length: BATCH }, (_, i) => {
              const id = `${number}-${batch}-${i}`;
              const userId = `u${number}-${batch}-${i % 25}`;
              if (i > 0) return { id, type: "click", time: time - 1, userId, channel: "email" };
              return { id, type: "conversion", time, userId, value: "1", currency: "EUR" };
            });
            const body = JSON.stringify(events);
            if ((await attempt(body)) !== undefined) {
              triedAgain += 1;
              await sleep(100);
              const failure = await attempt(body);
              if (failure !== undefined) failures.push(failure);
            }
            sent += events.length;
            conversions += 1;
            const tookMs = performance.now() - startedMs;
            times.push(tookMs);
            await sleep(Math.max(0, (BATCH * CLIENTS * 1000) / RATE - tookMs));
          }
        };
        const clients = Array.from({ length: CLIENTS }, async (_, i) => client(i));
        await sleep(1000);
        const restarted: string[] = [];
        for (const platform of platforms) {
          for (const { name, pid } of platform.processes()) {
            if (name === "redis" || pid === undefined) continue;
            process.kill(pid, "SIGTERM");
            await untilBack(platform, name, pid);
            restarted.push(name);
          }
        }
        await sleep(1000);
        isOver = true;
        await Promise.all(clients);

        const [{ reportsUrl } = { reportsUrl: "" }] = platforms;
        const ask = async (path: string): Promise<Record<string, Record<string, unknown>>> =>
          (await (await fetch(`${reportsUrl}${path}`)).json()) as never;
        expect(await settled(ask)).toBe(true);
        const sorted = times.toSorted((a, b) => a - b);
        const at = (share: number): number =>
          Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
        console.log(
          `${restarted.join(", ")}: ${sent} events in ${times.length} requests, ${triedAgain} tried again, ${failures.length} failed; p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(0.99999)} ms`,
        );
        expect(restarted).toEqual(["gateway", "worker-1", "reports", "gateway", "worker-1"]);
        expect(failures).toEqual([]);
        const { totals } = await ask("/v1/reports/attribution?model=linear&by=channel");
        expect(totals).toMatchObject({ conversions });
        const { events } = await ask("/v1/reports/conservation");
        expect(events).toMatchObject({ residue: 0 });
        expect(Number(events?.["accepted"]) - Number(events?.["duplicates"])).toBe(sent);
        expect(await ask("/v1/audit")).toMatchObject({ compared: conversions, different: 0 });
      },
    );
  },
);

/** Waits until all is in the reports: at a machine's full rate that takes longer than a request may. */
async function settled(ask: (path: string) => Promise<Record<string, unknown>>): Promise<boolean> {
  for (let waits = 0; waits < 9; waits += 1) {
    const { settled: isOver } = await ask("/v1/settled?timeoutMs=10000").catch(() => ({
      settled: false,
    }));
    if (isOver === true) return true;
  }
  return false;
}

/** Waits until a process of that name runs again, and whoever looks after it has seen so. */
async function untilBack(platform: Platform, name: string, oldPid: number): Promise<void> {
  const urls: Readonly<Record<string, string | undefined>> = {
    gateway: platform.gatewayUrl,
    reports: platform.reportsUrl,
  };
  const url = urls[name] ?? platform.workers().find((worker) => worker.name === name)?.url;
  for (let waits = 0; ; waits += 1) {
    const now = platform.processes().find((one) => one.name === name);
    if (now?.pid !== undefined && now.pid !== oldPid) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined);
      if (answer?.status === 200) break;
    }
    if (waits === 200) throw new Error(`${name} does not come back`);
    await sleep(100);
  }
  // HAProxy takes a gateway back after two good checks, a second apart.
  await sleep(name === "gateway" ? 2500 : 300);
}

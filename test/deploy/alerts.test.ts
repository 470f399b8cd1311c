/** The deployed alerts on a real fault: Prometheus fires, Alertmanager tells the receiver, and both take it back. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "../support/redis-server.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const ROUNDS_MS = 60_000;
const find = (program: string): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
const PROMETHEUS = find("prometheus");
const ALERTMANAGER = find("alertmanager") ?? find("prometheus-alertmanager");
const deployed = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url)), "utf8");

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
}
interface Notice {
  readonly status: string;
  readonly receiver: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Record<string, string> }[];
}

describe.skipIf(PROMETHEUS === undefined || ALERTMANAGER === undefined)(
  "alerts (skipped where there is no Prometheus or no Alertmanager)",
  () => {
    const data = temporaryDataDir();
    const children: ChildProcess[] = [];
    const notices: Notice[] = [];
    let platform: Platform;
    let receiver: Server;
    let prometheus = "";
    let alertmanager = "";
    let sending = true;
    let sent = 0;
    let load: Promise<void> | undefined;

    beforeAll(async () => {
      platform = await startPlatform({
        dataDir: data.dir,
        port: 0,
        partitions: 4,
        environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
      });
      receiver = createServer((request, response) => {
        let text = "";
        request.setEncoding("utf8").on("data", (part: string) => (text += part));
        request.on("end", () => {
          notices.push(JSON.parse(text) as Notice);
          response.end();
        });
      }).listen(0, "127.0.0.1");
      await once(receiver, "listening");
      const { port: receiverPort } = receiver.address() as AddressInfo;
      alertmanager = startAlertmanager(data.dir, await freePort(), receiverPort, children);
      prometheus = startPrometheus(data.dir, await freePort(), alertmanager, platform, children);
      for (const url of [alertmanager, prometheus]) {
        const ready = async () => expect((await fetch(`${url}/-/ready`)).ok).toBe(true);
        await vi.waitFor(ready, { timeout: 30_000, interval: 100 });
      }
      load = (async () => {
        while (sending) {
          const events = Array.from({ length: 50 }, () => {
            sent += 1;
            return { id: `e${sent}`, type: "visit", time: Date.now(), userId: `u${sent % 500}` };
          });
          const body = JSON.stringify(events);
          const headers = { "content-type": "application/json" };
          const url = `${platform.gatewayUrl}/v1/events`;
          const answer = await fetch(url, { method: "POST", headers, body });
          expect(answer.status).toBe(202);
          await sleep(50);
        }
      })();
    }, TIMEOUT_MS);
    afterAll(async () => {
      sending = false;
      await load;
      for (const child of children) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      receiver?.close();
      await platform?.stop();
      data.remove();
    });

    const firing = async (name: string): Promise<boolean> => {
      const answer = await fetch(`${prometheus}/api/v1/alerts`);
      const { data: found } = (await answer.json()) as { data: { alerts: readonly Alert[] } };
      return found.alerts.some(
        ({ labels, state }) => labels["alertname"] === name && state === "firing",
      );
    };
    const told = (name: string, status: string): boolean =>
      notices.some(({ alerts }) =>
        alerts.some((alert) => alert.labels["alertname"] === name && alert.status === status),
      );
    const active = async (): Promise<readonly string[]> => {
      const answer = await fetch(`${alertmanager}/api/v2/alerts?active=true`);
      return ((await answer.json()) as readonly Alert[]).map(
        ({ labels }) => labels["alertname"] ?? "",
      );
    };
    /** Waits for something. @returns how long it took, s */
    const until = async (what: () => boolean | Promise<boolean>): Promise<string> => {
      const from = Date.now();
      await expect.poll(what, { timeout: ROUNDS_MS, interval: 200 }).toBe(true);
      return ((Date.now() - from) / 1000).toFixed(1);
    };

    it(
      "scrapes every service, and nothing fires while all is well",
      { timeout: TIMEOUT_MS },
      async () => {
        const up = async (): Promise<number> => {
          const answer = await fetch(`${prometheus}/api/v1/query?query=sum(up)`);
          const { data: found } = (await answer.json()) as {
            data: { result: readonly { readonly value: readonly [number, string] }[] };
          };
          return Number(found.result[0]?.value[1] ?? 0);
        };
        await expect.poll(up, { timeout: 30_000 }).toBe(3);
        await sleep(3000);
        expect(await active()).toEqual([]);
      },
    );

    it(
      "a worker that is stopped is an alert on what waits, until it goes on",
      { timeout: TIMEOUT_MS },
      async () => {
        const worker = platform.processes().find(({ name }) => name === "worker-1")?.pid ?? NaN;
        process.kill(worker, "SIGSTOP");
        const fired = await until(async () => firing("TributaryLagOld"));
        const heard = await until(() => told("TributaryLagOld", "firing"));
        expect(await active()).toContain("TributaryLagOld");
        // Its process does not answer either, which is a page and no ticket.
        await until(() => told("TributaryDown", "firing"));
        const pages = notices.filter(({ receiver: name }) => name === "pages");
        expect(
          pages.flatMap(({ alerts }) => alerts.map(({ labels }) => labels["alertname"])),
        ).toContain("TributaryDown");
        process.kill(worker, "SIGCONT");
        const over = await until(async () => !(await firing("TributaryLagOld")));
        const takenBack = await until(() => told("TributaryLagOld", "resolved"));
        await until(() => told("TributaryDown", "resolved"));
        await until(async () => (await active()).length === 0);
        console.log(
          `fired ${fired} s after the fault (threshold 2 s, for 2 s), the receiver heard ${heard} s later; over ${over} s after the worker went on, taken back ${takenBack} s later`,
        );
        sending = false;
        await load;
        const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
        expect(await settled.json()).toEqual({ settled: true });
        const books = await fetch(`${platform.reportsUrl}/v1/reports/conservation`);
        expect(await books.json()).toMatchObject({ events: { accepted: sent, residue: 0 } });
      },
    );
  },
);

/** The deployed rules, sooner: an age of 2 s and not 30, after 2 s and not minutes. */
function startPrometheus(
  dir: string,
  port: number,
  alertmanager: string,
  platform: Platform,
  children: ChildProcess[],
): string {
  const own = join(dir, "prometheus");
  mkdirSync(own);
  const rules = deployed("prometheus/rules.yml");
  expect(rules).toContain("(tributary_oldest_event_age_seconds) > 30");
  writeFileSync(
    join(own, "rules.yml"),
    rules
      .replace(
        "(tributary_oldest_event_age_seconds) > 30",
        "(tributary_oldest_event_age_seconds) > 2",
      )
      .replace(/^( *for:) \d+m$/gm, "$1 2s"),
  );
  const targets = {
    "tributary-gateway": [platform.gatewayUrl],
    "tributary-worker": platform.workers().map(({ url }) => url),
    "tributary-reports": [platform.reportsUrl],
  };
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    scrape_configs: Object.entries(targets).map(([job_name, urls]) => ({
      job_name,
      static_configs: [{ targets: urls.map((url) => new URL(url).host) }],
    })),
  };
  // JSON is YAML.
  writeFileSync(join(own, "prometheus.yml"), JSON.stringify(config));
  children.push(
    spawn(
      PROMETHEUS ?? "",
      [
        `--config.file=${own}/prometheus.yml`,
        `--storage.tsdb.path=${own}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    ),
  );
  return `http://127.0.0.1:${port}`;
}

/** The deployed routes and inhibitions, sooner, to a receiver that is here. */
function startAlertmanager(
  dir: string,
  port: number,
  receiverPort: number,
  children: ChildProcess[],
): string {
  const own = join(dir, "alertmanager");
  mkdirSync(own);
  const config = deployed("alertmanager/alertmanager.yml")
    .replace(/group_wait: \d+s/, "group_wait: 1s")
    .replace(/group_interval: \d+m/, "group_interval: 1s")
    .replace(/slack_configs:.*$/gm, "webhook_configs:")
    .replace(/api_url_file: .*$/gm, `url: http://127.0.0.1:${receiverPort}/`);
  writeFileSync(join(own, "alertmanager.yml"), config);
  children.push(
    spawn(
      ALERTMANAGER ?? "",
      [
        `--config.file=${own}/alertmanager.yml`,
        `--storage.path=${own}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
      { stdio: "ignore" },
    ),
  );
  return `http://127.0.0.1:${port}`;
}

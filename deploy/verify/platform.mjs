/** A platform under load, scraped by a real Prometheus: whether every figure that is used is there and moves. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createReceiver } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { find, run } from "./programs.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** The Node that set-up installed: the command is TypeScript, which the machine's own may not read. */
const installedNode = join(root, "node_modules/.bin/node");
const LOAD_MS = 20_000;
/** The reason for an end is in the last of what a program says. */
const KEPT_CHARS = 2000;

/** Figures that rest while all is well, and why; these must be there, and need not move. */
const RESTS = {
  up: "1 while a process answers",
  tributary_backlog_bytes: "0 whenever all is done at the moment of looking",
  tributary_backlog_limit_bytes: "a setting",
  tributary_books_residue_events: "0 unless something is wrong",
  tributary_kept_dead_letters: "0 unless an entry cannot be processed",
  tributary_partitions_owned: "the same while no worker comes or goes",
  tributary_partitions_refused: "0 while everything fits into memory",
  tributary_memory_limit_bytes: "a setting",
  tributary_thread_restarts_total: "0 unless a thread dies",
  tributary_lost_keys_total: "0 unless somebody deletes keys of the platform",
  tributary_load_failures_total: "0 unless the warehouse refuses a load",
  tributary_events_late_total: "0 unless an event is later than a day",
  tributary_refunds_unmatched_total: "0 unless a refund has no order",
  tributary_duplicate_orders_total: "0 unless an order is reported twice",
  tributary_spool_oldest_age_seconds: "0 whenever all is done at the moment of looking",
  tributary_spool_damaged_bytes: "0 unless a disk fails",
  tributary_spool_refused_events_total: "0 unless the gateway is at fault",
  tributary_link_events_total: "the check sends no clicks",
  tributary_stray_links_total: "the check sends no clicks",
  tributary_spans_total: "the check runs without a collector",
  tributary_oldest_event_age_seconds: "0 whenever all is done at the moment of looking",
  tributary_webhook_oldest_waiting_age_seconds: "0 whenever all is done at the moment of looking",
  tributary_open_erasures: "0 unless somebody is being erased",
  tributary_erase_failures_total: "0 unless the warehouse fails",
  tributary_oldest_erasure_age_seconds: "0 unless somebody was erased",
  tributary_webhook_dead_deliveries: "0 unless a receiver fails for days",
  tributary_drain_seconds: "0 whenever all is done at the moment of looking",
  tributary_lag_entries: "0 whenever all is done at the moment of looking",
  haproxy_server_status: "the same while gateways neither come nor go",
  node_filesystem_avail_bytes: "others decide",
  node_filesystem_size_bytes: "the size of a disk",
  probe_ssl_earliest_cert_expiry: "there is no certificate on loopback",
};

export async function checkRunning(expressions, report, folder) {
  const absent = ["prometheus", "haproxy", "prometheus-node-exporter"].filter(
    (name) => find(name) === undefined,
  );
  if (absent.length > 0)
    return report("figures of a running platform", undefined, `${absent.join(", ")} not installed`);
  if (!existsSync(installedNode))
    return report("figures of a running platform", "run `node scripts/setup.mjs` first");
  const receiver = createReceiver((request, response) => {
    request.resume();
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const children = [];
  const start = (command, args, env = {}) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
    });
    child.said = "";
    child.stderr.on("data", (text) => (child.said = (child.said + text).slice(-KEPT_CHARS)));
    child.on("error", (error) => (child.said += error.message));
    children.push(child);
    return child;
  };
  try {
    const [gatewayPort, redisPort, proxy, stats, prometheus, node] = await freePorts(6);
    const data = join(folder, "data");
    const command = start(
      installedNode,
      [
        "packages/cli/bin/tributary.mjs",
        "up",
        "--data",
        data,
        "--workers",
        "2",
        "--threads",
        "1",
        "--port",
        String(gatewayPort),
        "--redis-port",
        String(redisPort),
      ],
      {
        OTEL_TRACES_EXPORTER: "none",
        REDIS_URL: "",
        TRIBUTARY_WEBHOOKS: `default=http://127.0.0.1:${receiver.address().port}/`,
        TRIBUTARY_WEBHOOK_SECRETS: `default=whsec_${randomBytes(32).toString("base64")}`,
      },
    );
    const platform = await until(
      "the platform",
      () => {
        const state = JSON.parse(readFileSync(join(data, "platform.json"), "utf8"));
        return state.ready ? state : undefined;
      },
      command,
    );
    await checkInstance(platform);
    start(find("haproxy"), ["-db", "-f", "deploy/haproxy/haproxy.cfg"], {
      TRIBUTARY_GATEWAYS: `127.0.0.1:${gatewayPort}`,
      TRIBUTARY_LISTEN: String(proxy),
      TRIBUTARY_STATS: String(stats),
    });
    start(find("prometheus-node-exporter"), [`--web.listen-address=127.0.0.1:${node}`]);
    const jobs = {
      "tributary-gateway": [platform.gatewayUrl],
      "tributary-worker": platform.workers.map(({ url }) => url),
      "tributary-reports": [platform.reportsUrl],
      "tributary-webhooks": [platform.webhooksUrl],
      haproxy: [`http://127.0.0.1:${stats}`],
      node: [`http://127.0.0.1:${node}`],
    };
    startPrometheus(start, folder, jobs, prometheus);
    const api = `http://127.0.0.1:${prometheus}`;
    await until(
      "HAProxy",
      async () => (await fetch(`http://127.0.0.1:${proxy}/readyz`)).ok || undefined,
    );
    await until("Prometheus", async () => (await fetch(`${api}/-/ready`)).ok || undefined);
    await load(`http://127.0.0.1:${proxy}`, platform.reportsUrl, 6_000);
    const before = await scrape(jobs);
    await load(`http://127.0.0.1:${proxy}`, platform.reportsUrl, LOAD_MS);
    await checkMetrics(jobs, report);
    compare(expressions, before, await scrape(jobs), report);
    await query(api, expressions, report);
  } finally {
    receiver.close();
    receiver.closeAllConnections();
    for (const child of children.toReversed()) {
      if (isRunning(child)) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
        await ended;
        clearTimeout(timer);
      }
    }
  }
}

function startPrometheus(start, folder, jobs, port) {
  const own = join(folder, "prometheus");
  mkdirSync(own);
  cpSync(join(root, "deploy/prometheus/rules.yml"), join(own, "rules.yml"));
  const scrape_configs = Object.entries(jobs).map(([job_name, urls]) => ({
    job_name,
    static_configs: [{ targets: urls.map((url) => new URL(url).host) }],
  }));
  // JSON is YAML. The jobs have the names that the deployed configuration gives them.
  writeFileSync(
    join(own, "prometheus.yml"),
    JSON.stringify({
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yml"],
      scrape_configs,
    }),
  );
  start(find("prometheus"), [
    `--config.file=${own}/prometheus.yml`,
    `--storage.tsdb.path=${own}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
}

let serial = 0;
/** Journeys with a conversion each, some events twice, some refused, and questions to the reports. */
async function load(gateway, reports, forMs) {
  const until = Date.now() + forMs;
  while (Date.now() < until) {
    const events = [];
    for (let user = 0; user < 50; user += 1) {
      serial += 1;
      const common = { time: Date.now() - 1000, userId: `user-${serial}` };
      events.push({ id: `c-${serial}`, type: "click", ...common, source: "google", medium: "cpc" });
      events.push({
        id: `v-${serial}`,
        type: "conversion",
        ...common,
        time: Date.now(),
        name: "purchase",
        value: "19.99",
        currency: "EUR",
        orderId: `o-${serial}`,
      });
    }
    const send = async (body) => {
      const answer = await fetch(`${gateway}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    const status = await send({ events });
    if (status !== 202) throw new Error(`the gateway answered ${status} to good events`);
    await send({ events: events.slice(0, 5) });
    await send({ events: [{ id: "refused" }] });
    await (await fetch(`${reports}/v1/lag`)).arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function scrape(jobs) {
  const series = new Map();
  for (const url of Object.values(jobs).flat()) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of text.split("\n")) {
      const match = /^([a-zA-Z_:]\w*)(\{.*\})? (\S+)/.exec(line);
      if (match) series.set(`${url} ${match[1]}${match[2] ?? ""}`, match[3]);
    }
  }
  return series;
}

async function checkMetrics(jobs, report) {
  const promtool = find("promtool");
  if (promtool === undefined)
    return report("promtool check metrics", undefined, "promtool is not installed");
  for (const job of [
    "tributary-gateway",
    "tributary-worker",
    "tributary-reports",
    "tributary-webhooks",
  ]) {
    const input = await (await fetch(`${jobs[job][0]}/metrics`)).text();
    // Node's own metrics have names and helps that promtool would like otherwise; ours have none such.
    const { output } = run(promtool, ["check", "metrics"], { input });
    const ours = output
      .split("\n")
      .filter((line) => line.startsWith("tributary_") || /error/i.test(line));
    report(`promtool check metrics, ${job}`, ours.length === 0 ? undefined : ours.join("; "));
  }
}

const namesIn = (expr) =>
  [
    ...expr
      .replaceAll(/\{[^}]*\}|\b(?:by|on)\s*\([^)]*\)/g, "")
      .matchAll(/\b(?:tributary|node|nodejs|process|haproxy|probe)_\w+|\bup\b/g),
  ].map(([name]) => name);

function compare(expressions, before, after, report) {
  for (const name of new Set(expressions.flatMap(({ expr }) => namesIn(expr)))) {
    if (name === "up") continue; // Prometheus makes it; it is queried below.
    const of = (series) => [...series].filter(([key]) => key.split(" ")[1].split("{")[0] === name);
    const now = of(after);
    const moved = now.some(([key, value]) => before.get(key) !== value);
    if (now.length === 0 && name.startsWith("probe_"))
      report(`metric ${name}`, undefined, RESTS[name]);
    else if (now.length === 0) report(`metric ${name}`, "no process of the platform has it");
    else if (moved) report(`metric ${name} moves under load`);
    else
      report(
        name in RESTS ? `metric ${name} is there and rests: ${RESTS[name]}` : `metric ${name}`,
        name in RESTS ? undefined : "does not move under load",
      );
  }
}

async function query(api, expressions, report) {
  for (const { from, expr } of expressions) {
    const answer = await (
      await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expr)}`)
    ).json();
    if (answer.status !== "success") report(`query of ${from}`, `${answer.error}: ${expr}`);
    else if (from.startsWith("alert "))
      report(`query of ${from} runs, ${answer.data.result.length} firing or pending`);
    else report(`query of ${from}`, answer.data.result.length > 0 ? undefined : `no data: ${expr}`);
  }
}

const isRunning = ({ pid, exitCode, signalCode }) =>
  pid !== undefined && exitCode === null && signalCode === null;

/** Another platform may have an address by the time that it is used. */
async function checkInstance({ instanceId, gatewayUrl, reportsUrl, webhooksUrl, workers }) {
  for (const url of [gatewayUrl, reportsUrl, webhooksUrl, ...workers.map(({ url }) => url)]) {
    const { instance } = await (await fetch(`${url}/readyz`)).json();
    if (instance !== instanceId) throw new Error(`${url} is another platform's`);
  }
}

/** Waits for something that appears, 60 s at most, and no longer than the program runs that is to bring it. */
async function until(what, look, program) {
  const end = Date.now() + 60_000;
  for (;;) {
    if (program !== undefined && !isRunning(program))
      throw new Error(`${what} ended while it started: ${program.said.trim()}`);
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what} was not ready within 60 s`, { cause: error });
    }
    if (Date.now() > end) throw new Error(`${what} was not ready within 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  for (const server of servers) server.close();
  return ports;
}

#!/usr/bin/env node
/**
 * `node deploy/verify.mjs [--quick]`: checks everything in deploy/ with the programs that will read it, and that
 * every figure which a dashboard, an alert or a scaler uses comes from a running platform and moves.
 * One line a check; the last is `N passed, N failed, N skipped`. A program that is absent is a skip that is named.
 * `--quick` leaves the running platform out. `--install` first installs what is absent: see verify/programs.mjs.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expressionsOf, lintDashboard } from "./verify/dashboards.mjs";
import { checkRunning } from "./verify/platform.mjs";
import { find, install, run } from "./verify/programs.mjs";

const deploy = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tributary-verify-"));
const count = { passed: 0, failed: 0, skipped: 0 };

/** Prints one check. */
function report(name, why, skip) {
  const kind = skip === undefined ? (why === undefined ? "passed" : "failed") : "skipped";
  count[kind] += 1;
  const mark = { passed: "✓", failed: "✗", skipped: "–" }[kind];
  console.log(
    `${mark} ${name}${why === undefined ? "" : `: ${why.trim()}`}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  );
}

/** Runs a program as a check; absent is a skip. */
function check(name, program, args, options) {
  const path = find(program);
  if (path === undefined) return report(name, undefined, `${program} is not installed`);
  const { ok, output } = run(path, args, options);
  report(name, ok ? undefined : output);
}

try {
  if (process.argv.includes("--install")) install((line) => console.log(line));
  checkFiles();
  checkChart();
  const dashboards = checkDashboards();
  if (process.argv.includes("--quick"))
    report("figures of a running platform", undefined, "--quick");
  else await checkRunning(expressionsOf(deploy, dashboards), report, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ""}`,
);
process.exitCode = count.failed > 0 ? 1 : 0;

function checkFiles() {
  const prometheus = { cwd: join(deploy, "prometheus") };
  check(
    "promtool check config and rules",
    "promtool",
    ["check", "config", "prometheus.yml"],
    prometheus,
  );
  check("promtool test rules", "promtool", ["test", "rules", "rules.test.yml"], prometheus);
  check("amtool check-config", "amtool", [
    "check-config",
    join(deploy, "alertmanager/alertmanager.yml"),
  ]);
  const env = {
    TRIBUTARY_GATEWAYS: "127.0.0.1:1",
    TRIBUTARY_LISTEN: "18080",
    TRIBUTARY_STATS: "18404",
  };
  check("haproxy -c", "haproxy", ["-c", "-f", join(deploy, "haproxy/haproxy.cfg")], { env });
  // docker compose reads secrets' files when it starts, not when it checks.
  check("compose file, by docker compose's own library", "compose-check", [
    join(deploy, ".env.example"),
    join(deploy, "compose.yaml"),
  ]);
  const text = readFileSync(join(deploy, "compose.yaml"), "utf8");
  const loose = [...text.matchAll(/image: (\S+)/g)]
    .map(([, image]) => image)
    .filter((image) => !/:v?\d+\.\d+\.\d+/.test(image));
  report("images have exact versions", loose.length === 0 ? undefined : loose.join(", "));
}

function checkChart() {
  const chart = join(deploy, "helm/tributary");
  const version = ["--kube-version", "1.34.0"];
  check("helm lint", "helm", ["lint", ...version, chart]);
  for (const [mode, warehouse, webhooks] of [
    ["keda", "chdb", true],
    ["hpa", "clickhouse", true],
    ["none", "chdb", false],
  ]) {
    const webhooksText = webhooks ? "with" : "without";
    const name = `helm template, autoscaling ${mode}, warehouse ${warehouse}, ${webhooksText} webhooks`;
    const helm = find("helm");
    if (helm === undefined) {
      report(name, undefined, "helm is not installed");
      continue;
    }
    const set = [
      "--set",
      `autoscaling.mode=${mode},reports.warehouse=${warehouse},webhooks.enabled=${webhooks},serviceMonitor.enabled=true`,
    ];
    const { ok, output } = run(helm, ["template", "tributary", chart, ...version, ...set]);
    report(name, ok ? undefined : output);
    // Kubernetes' own kinds; those of KEDA and of the Prometheus operator are definitions of theirs.
    const core = output
      .split(/^---$/m)
      .filter((part) => /^kind:/m.test(part) && !/^apiVersion: (?:keda|monitoring)/m.test(part));
    const path = join(folder, `${mode}.yaml`);
    writeFileSync(path, core.join("---\n"));
    check(
      `${name}: kubernetes-validate --strict (without KEDA's and the operator's kinds)`,
      "kubernetes-validate",
      ["-k", "1.37.0", "--strict", "--quiet", path],
    );
  }
}

function checkDashboards() {
  const path = join(deploy, "grafana/dashboards");
  const dashboards = readdirSync(path).map((file) => ({
    file,
    content: JSON.parse(readFileSync(join(path, file), "utf8")),
  }));
  for (const { file, content } of dashboards) {
    const faults = lintDashboard(content);
    report(`dashboard ${file}`, faults.length === 0 ? undefined : faults.join("; "));
  }
  const uids = new Set(dashboards.map(({ content }) => content.uid));
  report(
    "four dashboards with ids of their own",
    uids.size === 4 ? undefined : [...uids].join(", "),
  );
  return dashboards;
}

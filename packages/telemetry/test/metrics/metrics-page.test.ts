import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { collectDefaultMetrics, Registry } from "prom-client";
import { expect, test } from "vitest";
import { METRICS, type MetricDefinition } from "../../src/index.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** The last two are in every process. */
const PACKAGES = ["gateway", "worker", "reports", "webhooks", "streams", "telemetry"] as const;

/** Each package's source, without the list itself. */
const sources = PACKAGES.map((name) => {
  const folder = join(ROOT, "packages", name, "src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const text = files
    .filter((file) => file.endsWith(".ts") && !file.endsWith("metrics/names.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
  return { name, text: text.join("\n") };
});

/** The alerts, by the metrics that their expressions name. */
const rules = readFileSync(join(ROOT, "deploy/prometheus/rules.yml"), "utf8");
const alerts = [...rules.matchAll(/alert: (\w+)\n\s+expr: (.*)/g)].map(
  ([, name = "", expression = ""]) => ({ name, expression }),
);

function alertsOn(metric: string): string {
  const names = new RegExp(`\\b${metric}(?:_bucket|_sum|_count)?\\b`);
  return alerts
    .filter(({ expression }) => names.test(expression))
    .map(({ name }) => `[${name}](runbooks/${name}.md)`)
    .join(", ");
}

function servicesOf(metric: string): string[] {
  return sources
    .filter(({ text }) => new RegExp(`\\b${metric}\\b`).test(text))
    .map(({ name }) => name);
}

function row(name: string, definition: MetricDefinition): string {
  const labels = Object.entries(definition.labels).map(([label, bound]) =>
    typeof bound === "number" ? `\`${label}\` (${bound})` : `\`${label}\`: ${bound.join(", ")}`,
  );
  const where = servicesOf(name)
    .join(", ")
    .replace(/streams|telemetry/, "all");
  const { type, unit, help } = definition;
  return `| \`${name}\` | ${type} | ${unit} | ${labels.join("; ")} | ${where} | ${help} | ${alertsOn(name)} |`;
}

async function page(): Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const runtime = await registry.getMetricsAsJSON();
  const ours = Object.entries(METRICS).map(([name, definition]) => row(name, definition));
  return `# Metrics

Every metric at \`/metrics\` of the services, made from [the one list](../packages/telemetry/src/metrics/names.ts) in the code. A label's
number is how many values it may take in a process; further ones are counted under \`other\`. No metric is labelled by tenant: the
[books](operating.md) tell tenants apart. What to do is in the runbook of the alert that watches the metric.

| metric | type | unit | labels | service | meaning | alerts |
| --- | --- | --- | --- | --- | --- | --- |
${ours.join("\n")}

## Of the runtime

What [prom-client](https://github.com/siimon/prom-client#default-metrics) measures of each process: event loop, garbage
collection, memory, processor time and open files.

| metric | type | meaning |
| --- | --- | --- |
${runtime.map(({ name, type, help }) => `| \`${name}\` | ${String(type)} | ${help} |`).join("\n")}
`;
}

test("every metric is somebody's", () => {
  expect(Object.keys(METRICS).filter((name) => servicesOf(name).length === 0)).toEqual([]);
});

test("docs/metrics.md is made from the code (`npx vitest run metrics-page -u` writes it)", async () => {
  await expect(await page()).toMatchFileSnapshot(join(ROOT, "docs/metrics.md"));
});

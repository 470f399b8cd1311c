/** What is to be true of each dashboard, and all expressions that deploy/ gives to Prometheus. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

// Grafana's notation, no template of ours.
const DATA_SOURCE = ["$", "{datasource}"].join("");

/** @returns {string[]} what is wrong, by panel */
export function lintDashboard({ title, templating, panels }) {
  const faults = [];
  if (!title) faults.push("no title");
  if (!templating.list.some(({ type }) => type === "datasource"))
    faults.push("no data source variable");
  if (new Set(panels.map(({ id }) => id)).size !== panels.length) faults.push("panels share an id");
  for (const panel of panels) {
    const fault = (what) => faults.push(`${panel.title ?? panel.id}: ${what}`);
    if (!panel.title) fault("no title");
    if (!panel.description) fault("no description");
    if (!panel.fieldConfig?.defaults?.unit) fault("no unit");
    if (!(panel.targets?.length > 0)) fault("no targets");
    for (const { expr, datasource } of [
      ...(panel.targets ?? []),
      { expr: "-", datasource: panel.datasource },
    ]) {
      if (!expr) fault("a target without an expression");
      if (datasource?.uid !== DATA_SOURCE) fault("a data source that is not the variable");
    }
  }
  return faults;
}

/** @returns {{ from: string, expr: string }[]} of dashboards, alerts and the chart's scalers */
export function expressionsOf(deploy, dashboards) {
  const found = [];
  for (const { file, content } of dashboards) {
    for (const { title, targets } of content.panels) {
      for (const { expr } of targets) found.push({ from: `${file}: ${title}`, expr });
    }
  }
  const rules = readFileSync(join(deploy, "prometheus/rules.yml"), "utf8");
  for (const [, alert, expr] of rules.matchAll(
    /- alert: (\w+)\n\s+expr:\s+((?:"(?:[^"\\]|\\.)*")|(?:'[^']*')|[^\n]+)\n/g,
  )) {
    found.push({
      from: `alert ${alert}`,
      expr: expr.startsWith('"') ? JSON.parse(expr) : expr.replace(/^'|'$/g, ""),
    });
  }
  const scalers = readFileSync(join(deploy, "helm/tributary/templates/autoscaling.yaml"), "utf8");
  for (const [, query] of scalers.matchAll(/query: (.*)$/gm)) {
    found.push({ from: "chart: scaler", expr: query.replace("{{ $selector }}", "") });
  }
  return found;
}

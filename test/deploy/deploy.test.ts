/** What deploy/ holds, checked by the programs that are present; `node deploy/verify.mjs` checks it against a running platform. */
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");

/** It starts a program for each part of deploy/: on a busy machine it takes most of a minute. */
const VERIFY_MS = 90_000;

test(
  "deploy/verify.mjs --quick finds no fault, and names what it skips",
  { timeout: VERIFY_MS },
  () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["deploy/verify.mjs", "--quick"], {
      cwd: root,
      encoding: "utf8",
      timeout: VERIFY_MS,
    });
    const skipped = stdout.split("\n").filter((line) => line.includes("(skipped: "));
    if (skipped.length > 0) console.log(skipped.join("\n"));
    const faults = stdout.split("\n").filter((line) => line.startsWith("✗"));
    expect({ faults, stderr }).toEqual({ faults: [], stderr: "" });
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^[1-9]\d* passed, 0 failed/);
  },
);

test("each alert has a runbook and each runbook an alert", () => {
  const rules = text("deploy/prometheus/rules.yml");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map((match) => match[1] ?? "");
  const urls = [...rules.matchAll(/runbook_url: (\S+)/g)].map((match) => match[1] ?? "");
  const pages = readdirSync(join(root, "docs/runbooks")).map((file) => file.replace(/\.md$/, ""));
  expect(alerts.length).toBeGreaterThan(10);
  expect(pages.toSorted()).toEqual(alerts.toSorted());
  expect(urls).toEqual(alerts.map((alert) => `docs/runbooks/${alert}.md`));
});

test("each alert is tested firing and silent", () => {
  const tests = text("deploy/prometheus/rules.test.yml");
  const alerts = [...text("deploy/prometheus/rules.yml").matchAll(/- alert: (\w+)/g)];
  for (const [, alert] of alerts) {
    expect(tests).toContain(`${alert} fires`);
    expect(tests).toContain(`${alert} is silent`);
  }
});

/** Checks of a bench with the warehouse: its results leave Redis, so the reports count them. */
import { LabError } from "../errors.ts";
import type { ResultsFound } from "./results-check.ts";

const LOAD_TIMEOUT_MS = 120_000;

/** Name, and key, of a tenant of a bench of several. */
export function tenantName(index: number): string {
  return `tenant-${index}`;
}

/** Waits until the warehouse has loaded everything committed. @returns when it had, ms since 1970 @throws LabError `bench_failed` */
export async function loadedAtMs(reportsUrl: string, tenants: number): Promise<number> {
  for (const until = Date.now() + LOAD_TIMEOUT_MS; Date.now() < until;) {
    const url = `${reportsUrl}/v1/settled?timeoutMs=10000`;
    const { settled } = await ask<{ settled: boolean }>(url, tenants, 0);
    if (settled) return Date.now();
  }
  throw new LabError(
    "bench_failed",
    `the warehouse did not load everything within ${LOAD_TIMEOUT_MS / 1000} s`,
  );
}

/** Compares the conversions of all tenants' reports with the number sent. @throws LabError `bench_failed` */
export async function checkReports(
  reportsUrl: string,
  tenants: number,
  conversions: number,
): Promise<ResultsFound> {
  let attributed = 0;
  await loadedAtMs(reportsUrl, tenants);
  for (let i = 0; i < tenants; i += 1) {
    const url = `${reportsUrl}/v1/reports/attribution?model=linear&by=channel`;
    const report = await ask<{ totals: { conversions: number } }>(url, tenants, i);
    attributed += report.totals.conversions;
  }
  return {
    attributed,
    lost: Math.max(0, conversions - attributed),
    duplicated: Math.max(0, attributed - conversions),
    latenciesMs: new Float64Array(0),
  };
}

async function ask<Answer>(url: string, tenants: number, tenant: number): Promise<Answer> {
  const headers = tenants === 1 ? {} : { authorization: `Bearer ${tenantName(tenant)}` };
  const response = await fetch(url, { headers });
  if (!response.ok) throw new LabError("bench_failed", await response.text());
  return (await response.json()) as Answer;
}

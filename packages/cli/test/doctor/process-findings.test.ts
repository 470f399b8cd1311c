import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { processFindings } from "../../src/doctor/process-findings.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A service that answers as told; its metrics say its version. */
async function serve(
  answers: Readonly<Record<string, readonly [number, string]>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ""] ?? [404, ""];
    response.writeHead(status).end(body);
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const well = (version: string): Readonly<Record<string, readonly [number, string]>> => ({
  "/healthz": [200, "{}"],
  "/readyz": [200, "{}"],
  "/metrics": [200, `tributary_build_info{service="x",version="${version}",node="24"} 1\n`],
});

const alive = { pid: process.pid, startedTicks: null };
const stateOf = (gatewayUrl: string, reportsUrl: string) => ({
  ...alive,
  instanceId: "i",
  startedAt: "2026-11-01T00:00:00Z",
  ready: true,
  gatewayUrl,
  reportsUrl,
  redisUrl: "redis://127.0.0.1:1",
  workers: [],
  processes: [
    { name: "gateway", ...alive },
    { name: "reports", ...alive },
  ],
});

test("services that are well", async () => {
  const url = await serve(well("1.0.0"));
  expect(await processFindings(stateOf(url, url))).toEqual([]);
});

test("what a service says of itself, and what cannot be read", async () => {
  const gateway = await serve({
    ...well("1.0.0"),
    "/readyz": [503, JSON.stringify({ reason: "Redis is unavailable" })],
    "/metrics": [500, "oops"],
  });
  const reports = await serve(well("1.0.0"));
  expect(await processFindings(stateOf(gateway, reports))).toEqual([
    { code: "process_unready", subject: "gateway", detail: "Redis is unavailable" },
    { code: "metrics_unreachable", subject: "gateway", detail: "status 500" },
  ]);
});

test("processes of several versions", async () => {
  const [gateway, reports] = [await serve(well("1.0.0")), await serve(well("1.1.0"))];
  expect(await processFindings(stateOf(gateway, reports))).toEqual([
    {
      code: "versions_differ",
      subject: "the platform's processes",
      detail: "gateway: 1.0.0; reports: 1.1.0",
    },
  ]);
});

test("a process that is gone is said to be, and not asked", async () => {
  const url = await serve(well("1.0.0"));
  const state = stateOf(url, url);
  const gone = { name: "reports", pid: 2 ** 22 + 1, startedTicks: null };
  const processes = [{ name: "gateway", ...alive }, gone];
  expect(await processFindings({ ...state, processes, reportsUrl: "http://127.0.0.1:1" })).toEqual([
    { code: "process_dead", subject: "reports", detail: `process ${gone.pid} is gone` },
  ]);
});

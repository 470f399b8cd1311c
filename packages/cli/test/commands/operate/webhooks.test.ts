/** `tributary webhooks` against a real platform and a real receiver. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { temporaryDataDir } from "../../../../../test/support/tributary.ts";
import { startPlatform, type Platform } from "@tributary/platform";
import { runCli, startCli, type CliResult } from "../../support/run-cli.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const data = temporaryDataDir();
let platform: Platform;
let receiver: Server;
let environment: Record<string, string>;
let status = 410;
const received: { id: string; type: string }[] = [];

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      const { type } = JSON.parse(text) as { type: string };
      received.push({ id: String(request.headers["webhook-id"]), type });
      response.writeHead(status).end();
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  environment = {
    OTEL_TRACES_EXPORTER: "none",
    TRIBUTARY_WEBHOOKS: `default=http://127.0.0.1:${port}/secret-path`,
    TRIBUTARY_WEBHOOK_SECRETS: `default=${SECRET}`,
  };
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 2,
    environment: { ...process.env, ...environment },
  });
}, 90_000);
afterAll(async () => {
  await platform?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
  data.remove();
}, 60_000);

const run = (...args: string[]): Promise<CliResult> =>
  runCli(["webhooks", ...args, "--data", data.dir], { cwd: data.dir });

interface Listed {
  sender: string | null;
  tenants: { tenant: string; waiting: number; dead: number }[];
  deadDeliveries: { id: string; conversion: string; reason: string; attempts: number }[];
}

async function list(): Promise<Listed> {
  const { code, stdout, stderr } = await run("list", "--json");
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return JSON.parse(stdout) as Listed;
}

async function convert(...ids: string[]): Promise<void> {
  const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(
      ids.map((id) => ({ id, type: "conversion", time: Date.now(), userId: `user of ${id}` })),
    ),
  });
  expect(answer.status).toBe(202);
}

test("dead deliveries are listed, retried, or discarded", { timeout: 60_000 }, async () => {
  await convert("a", "b", "c");
  await expect
    .poll(async () => (await list()).deadDeliveries.length, { timeout: 20_000, interval: 200 })
    .toBe(3);
  const { sender, tenants, deadDeliveries } = await list();
  expect(sender).toMatch(/-\d+$/);
  expect(tenants).toMatchObject([{ tenant: "default", waiting: 0, dead: 3 }]);
  expect(deadDeliveries.map(({ conversion }) => conversion).toSorted()).toEqual(["a", "b", "c"]);
  expect(deadDeliveries[0]).toMatchObject({ reason: "the answer was 410", attempts: 1 });
  const { stdout: table } = await run("list", "--limit", "2");
  expect(table).toContain("the answer was 410");
  expect(table).toContain("1 more; --limit shows more of them");

  status = 204;
  const [first, second] = deadDeliveries.map(({ id }) => id);
  expect((await run("retry", first ?? "")).stdout).toBe("1 delivery retried.\n");
  const again = () => received.filter(({ id }) => id === first).length;
  await expect.poll(again, { timeout: 10_000 }).toBe(2);
  expect((await run("discard", second ?? "")).stdout).toBe("1 delivery discarded.\n");
  expect((await run("retry", "--all", "--tenant", "default")).stdout).toBe("1 delivery retried.\n");
  await expect
    .poll(async () => (await list()).tenants, { timeout: 10_000, interval: 200 })
    .toMatchObject([{ waiting: 0, dead: 0 }]);
  expect((await run("list")).stdout).toMatch(/^\S+-\d+ sends webhooks\.\n/);

  status = 410;
  await convert("d", "e");
  await expect
    .poll(async () => (await list()).tenants, { timeout: 10_000, interval: 200 })
    .toMatchObject([{ waiting: 0, dead: 2 }]);
  expect((await run("clear", "default", "--yes", "--json")).stdout).toBe('{"cleared":2}\n');
  expect((await list()).tenants).toMatchObject([{ waiting: 0, dead: 0 }]);
});

test("invalid arguments are named", { timeout: 60_000 }, async () => {
  const cases: [string[], number, string][] = [
    [["retry"], 2, "expected either IDs"],
    [["discard", "--all"], 2, "give --yes as well"],
    [["discard", "whk_none"], 1, "there is no dead delivery whk_none"],
    [["list", "--tenant", "nobody"], 2, "no webhooks were ever sent for a tenant nobody"],
    [["clear", "nobody", "--yes"], 2, "no webhooks were ever sent for a tenant nobody"],
    [["clear", "default"], 2, "give --yes"],
    [["stop", "--yes"], 1, "sends webhooks: stop that process first"],
  ];
  for (const [args, code, text] of cases) {
    const result = await run(...args);
    expect([args, result.code, result.stderr]).toEqual([args, code, expect.stringContaining(text)]);
  }
});

test(
  "a signed example is sent once, and fails where it is not accepted",
  { timeout: 60_000 },
  async () => {
    const example = (...args: string[]): Promise<CliResult> =>
      runCli(["webhooks", "test", ...args], { cwd: data.dir, env: environment });
    status = 204;
    const taken = await example("default");
    expect(taken.code).toBe(0);
    expect(taken.stdout).toMatch(
      /^whk_test_\S+ to http:\/\/127\.0\.0\.1:\d+: the answer was 204, after \d+ ms\n$/,
    );
    expect(received.at(-1)?.type).toBe("test");
    status = 401;
    const refused = await example("default", "--json");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: "refused", status: 401 });
    expect(refused.stderr).toContain("the answer was 401");
    const unknown = await example("nobody");
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining("no URL for tenant nobody"),
    ]);
  },
);

test(
  "Ctrl-C ends a test whose receiver does not answer, with 130",
  { timeout: 60_000 },
  async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const env = { ...environment, TRIBUTARY_WEBHOOKS: `default=http://127.0.0.1:${port}/` };
    const asked = once(silent, "request");
    const { child, done } = startCli(["webhooks", "test", "default"], { cwd: data.dir, env });
    await asked;
    child.kill("SIGINT");
    expect(await done).toEqual({ code: 130, stdout: "", stderr: "" });
  },
);

test("stop removes the group when no process sends", { timeout: 60_000 }, async () => {
  const dir = temporaryDataDir();
  const start = async (env: Record<string, string>): Promise<Platform> =>
    startPlatform({
      dataDir: dir.dir,
      port: 0,
      partitions: 2,
      environment: { ...process.env, ...env },
    });
  const other = (...args: string[]): Promise<CliResult> =>
    runCli(["webhooks", ...args, "--data", dir.dir], { cwd: dir.dir });
  try {
    await (await start(environment)).stop();
    const without = await start({ OTEL_TRACES_EXPORTER: "none" });
    try {
      expect(await other("stop")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("give --yes"),
      });
      expect((await other("stop", "--yes")).stdout).toContain(
        "Results no longer wait for webhooks",
      );
      expect((await other("stop", "--yes")).stdout).toContain("There is no consumer group");
    } finally {
      await without.stop();
    }
  } finally {
    dir.remove();
  }
});

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startPlatform } from "@tributary/platform";
import { temporaryDir } from "../../../../test/support/data-dir.ts";
import { fakeMains } from "../../../../test/support/fake-mains.ts";
import {
  reportsUrlOf,
  requireReportsUrl,
  runningPlatform,
  runningReports,
} from "../../src/client/find-platform.ts";
import { withPlatformRedis } from "../../src/client/platform-redis.ts";

/** A service of another start: its readiness names that. @returns its address */
async function serviceOf(instance: string | undefined, port = 0): Promise<string> {
  const server = createServer((_request, response) => response.end(JSON.stringify({ instance })));
  onTestFinished(() => void server.close());
  await once(server.listen(port, "127.0.0.1"), "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** A data folder whose platform is this process. */
function folderOf(state: Readonly<Record<string, unknown>>): string {
  const dir = temporaryDir();
  const common = { pid: process.pid, startedTicks: null, startedAt: "", ready: true, workers: [] };
  const file = { ...common, redisUrl: "", processes: [], ...state };
  writeFileSync(join(dir, "platform.json"), JSON.stringify(file));
  return dir;
}

test("the reports of a gateway: as given, of the same platform, or one port above", async () => {
  const running = { gatewayUrl: "http://127.0.0.1:8080", reportsUrl: "http://127.0.0.1:9000" };
  const of = async (url: string, told: string | undefined, at = running) =>
    reportsUrlOf(url, told, at);
  expect(await of("http://127.0.0.1:8080", "http://r")).toBe("http://r");
  expect(await of("http://127.0.0.1:8080", undefined)).toBe("http://127.0.0.1:9000");
  expect(await of("http://127.0.0.1:1", undefined)).toBe("http://127.0.0.1:2");
  expect(await reportsUrlOf("http://127.0.0.1", undefined, undefined)).toBe("http://127.0.0.1:81");
});

test("one port above the gateway is another platform's reports: the address is asked for", async () => {
  const gateway = await serviceOf("mine");
  await serviceOf("another's", Number(new URL(gateway).port) + 1);
  await expect(reportsUrlOf(gateway, undefined, undefined)).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("give --reports-url") as string,
  });
});

test("an address that another platform has by now is not the data folder's", async () => {
  const [own, foreign] = [await serviceOf("mine"), await serviceOf("another's")];
  const dir = folderOf({ instanceId: "mine", gatewayUrl: foreign, reportsUrl: own });
  expect(await runningReports(dir)).toBe(own);
  await expect(runningPlatform(dir)).rejects.toMatchObject({
    code: "no_platform",
    message: expect.stringContaining(`${foreign} is another platform's`) as string,
  });
  const moved = folderOf({ instanceId: "mine", gatewayUrl: own, reportsUrl: foreign });
  await expect(requireReportsUrl(undefined, moved)).rejects.toMatchObject({ code: "no_platform" });
  expect(await requireReportsUrl(foreign, moved)).toBe(foreign);
});

test("services without an ID are those of a file without one", async () => {
  const url = await serviceOf(undefined);
  expect(await runningPlatform(folderOf({ gatewayUrl: url, reportsUrl: url }))).toEqual({
    gatewayUrl: url,
    reportsUrl: url,
  });
});

test("a Redis that the platform did not start is not taken for its own", async () => {
  const other = await startPlatform({ dataDir: temporaryDir(), port: 0, mains: fakeMains });
  onTestFinished(() => other.stop());
  const dead = { name: "redis", pid: process.pid, startedTicks: null };
  const redisUrl = other.redisUrl;
  const data = folderOf({ gatewayUrl: "", reportsUrl: "", redisUrl, processes: [dead] });
  const where = { data, environmentUrl: undefined };
  await expect(withPlatformRedis(where, async () => "reached")).rejects.toMatchObject({
    code: "no_platform",
    message: expect.stringContaining(
      `is not the one that the platform on ${data} started`,
    ) as string,
  });
});

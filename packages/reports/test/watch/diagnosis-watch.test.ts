import { ATTRIBUTION_GROUP, eventsKey } from "@tributary/protocol";
import {
  acquireLease,
  agreeOnPlatform,
  ensureGroups,
  heartbeat,
  type RedisClient,
} from "@tributary/streams";
import { metricsText } from "@tributary/telemetry";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DiagnosisWatch } from "../../src/watch/diagnosis-watch.ts";
import { quietTelemetry } from "../support/parts.ts";
import { startRedis } from "../support/redis.ts";

let client: RedisClient;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  ({ client, stop } = await startRedis());
  await client.config("SET", "appendonly", "yes");
  await agreeOnPlatform(client, 1);
  await ensureGroups(client, 1);
  await heartbeat(client, ATTRIBUTION_GROUP, { name: "w1", incarnation: "1" }, 60_000);
  await acquireLease(client, 0, "w1", 60_000);
});
afterAll(() => stop());

test("what is found is counted by its code, logged once, and gone when it is mended", async () => {
  const { telemetry, logged } = quietTelemetry();
  const rules = { evictionAllowed: false, durable: false, checkMs: 1000 };
  const watch = new DiagnosisWatch(client, telemetry, { rules, intervalMs: 20, betweenMs: 10 });
  await watch.check();
  expect(watch.counts).toEqual({});
  await client.xgroup("DESTROY", eventsKey(0), ATTRIBUTION_GROUP);
  watch.start();
  await expect.poll(() => watch.counts).toEqual({ group_lost: 1 });
  const { body } = await metricsText(telemetry.metrics);
  expect(body).toContain('tributary_findings{code="group_lost",severity="fault"} 1');
  await ensureGroups(client, 1);
  await expect.poll(() => watch.counts).toEqual({});
  await watch.stop();
  expect((await metricsText(telemetry.metrics)).body).not.toContain('code="group_lost"');
  expect(logged()).toEqual([
    "error: a diagnosis found a fault; tributary doctor says what it means and what mends it",
  ]);
});

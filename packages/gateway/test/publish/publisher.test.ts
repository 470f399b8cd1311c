import { setTimeout as sleep } from "node:timers/promises";
import { packEvents } from "@tributary/protocol";
import { UNTRACED } from "@tributary/telemetry";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let gateway: TestGateway;
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await gateway?.close();
  await redis?.close();
});

/** Ten events of 8 KB. */
const body = (n: number): Buffer =>
  packEvents(
    Array.from({ length: 10 }, (_, i) => ({
      id: `e${n}-${i}`,
      type: "click",
      time: Date.now(),
      userId: `u${i}`,
      properties: { text: "x".repeat(8000) },
    })),
  );
const publish = (n: number) =>
  gateway.publisher.publish(body(n), "default", { ...gateway.config, now: Date.now() }, UNTRACED);

it("flushes by bytes as well: large events do not wait for as many as small ones", async () => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_FLUSH_INTERVAL_MS: "3000",
    TRIBUTARY_FLUSH_BYTES: "200000",
  });
  await publish(0).done;
  const done = [1, 2].map((n) => publish(n).done);
  expect(await Promise.race([...done, sleep(300, "waiting")])).toBe("waiting");
  done.push(publish(3).done);
  const all = Promise.all(done).then(() => "taken");
  expect(await Promise.race([all, sleep(1000, "waiting")])).toBe("taken");
});

it("refuses by the bytes that wait, those not flushed yet among them", async () => {
  gateway = await startGateway(redis.url, {
    TRIBUTARY_FLUSH_INTERVAL_MS: "3000",
    TRIBUTARY_MAX_BUFFERED_BYTES: "200000",
  });
  await publish(0).done;
  const done = [1, 2, 3].map((n) => publish(n).done);
  expect(() => gateway.publisher.checkRoom()).toThrow(
    expect.objectContaining({ code: "overloaded" }),
  );
  const closed = gateway.publisher.close();
  await Promise.all([...done, closed]);
  expect(() => gateway.publisher.checkRoom()).not.toThrow();
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { tenantsFile } from "../../../../test/support/tenants-file.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let gateway: TestGateway;
const dir = mkdtempSync(join(tmpdir(), "hints-"));
beforeAll(async () => {
  redis = await startRedis();
  gateway = await startGateway(redis.url, {
    TRIBUTARY_WRITE_KEYS: "k1=plain,k2=wide",
    TRIBUTARY_TENANTS_FILE: tenantsFile(dir, { wide: { utm: { fragments: true } } }),
  });
});
afterAll(async () => {
  await gateway?.close();
  await redis?.close();
  rmSync(dir, { recursive: true, force: true });
});

const visit = (id: string, url?: string) => ({
  id,
  type: "visit",
  time: Date.now(),
  userId: "ada",
  url,
});
const EVENTS = [
  visit("a", "https://shop.example/?utm_source=news"),
  visit("b", "https://shop.example/#utm_source=news"),
  visit("c"),
  visit("d", "https://shop.example/?utm_source=news&amp;utm_medium=email"),
];
const send = async (
  key: string,
  events: unknown,
  query = "?debug=1",
): Promise<Record<string, unknown>> => {
  const answer = await gateway.server.inject({
    method: "POST",
    url: `/v1/events${query}`,
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    payload: JSON.stringify(events),
  });
  return answer.json();
};

test("UTM parameters that are not read are named to a sender who asks", async () => {
  expect(await send("k1", { events: EVENTS })).toEqual({
    accepted: 4,
    refused: [],
    hints: [
      { index: 1, field: "url", reason: expect.stringContaining("utm_source is in the fragment") },
      { index: 3, field: "url", reason: expect.stringContaining("utm_medium is behind &amp;") },
    ],
  });
});

test("those that the tenant has read are none", async () => {
  const { hints } = await send("k2", EVENTS);
  expect(hints).toMatchObject([{ index: 3 }]);
  expect(await send("k2", EVENTS[1])).toEqual({ accepted: 1, refused: [], hints: [] });
});

test("nobody who does not ask gets some", async () => {
  expect(await send("k1", EVENTS, "")).toEqual({ accepted: 4, refused: [] });
});

test("they are bounded, and whatever an event holds breaks nothing", async () => {
  const many = Array.from({ length: 150 }, (_, i) =>
    visit(`m${i}`, "https://shop.example/#utm_source=a"),
  );
  const { hints } = await send("k1", [...many, null, 5, { ...visit("x"), url: 7 }]);
  expect(hints).toHaveLength(100);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CollectedSpan,
  startCollector,
} from "../../packages/telemetry/test/support/jaeger-collector.ts";
import { freePort } from "../support/redis-server.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 60_000;
const WRITE_KEY = "write-7d1c9a";
const READ_KEY = "read-55e0b2";
const ERASE_KEY = "erase-3b8f71";
const WRONG_KEY = "wrong-91fa3e";
const PERSON = "ada.lovelace@example.org";
const PASSWORD = "pw-c0ffee";
const WEBHOOK_PATH = "hook-4be1d0";
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 5).toString("base64")}`;
/** None of these may be in a log line, a span, or an answer. */
const SECRETS = [
  WRITE_KEY,
  READ_KEY,
  ERASE_KEY,
  WRONG_KEY,
  PERSON,
  PASSWORD,
  WEBHOOK_PATH,
  WEBHOOK_SECRET,
];

describe("what is secret or a person's", () => {
  const data = temporaryDataDir();
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let platform: Platform;
  const answers: string[] = [];

  const post = async (
    path: string,
    key: string,
    body: string,
    url = platform.gatewayUrl,
  ): Promise<number> => {
    const answer = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body,
    });
    answers.push(await answer.text(), JSON.stringify([...answer.headers]));
    return answer.status;
  };
  const get = async (path: string, key: string): Promise<number> => {
    const answer = await fetch(`${platform.reportsUrl}${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const text = await answer.text();
    // Reports are for whoever may read them; what is refused must not say more.
    if (!answer.ok) answers.push(text);
    return answer.status;
  };

  const erase = async (key: string, body: object): Promise<number> =>
    post("/v1/erasures", key, JSON.stringify(body), platform.reportsUrl);

  beforeAll(async () => {
    collector = await startCollector();
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 2,
      environment: {
        ...process.env,
        OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
        OTEL_EXPORTER_JAEGER_USER: "jaeger",
        OTEL_EXPORTER_JAEGER_PASSWORD: PASSWORD,
        OTEL_TRACES_EXPORTER: "jaeger",
        TRIBUTARY_LOG_LEVEL: "debug",
        TRIBUTARY_WRITE_KEYS: `${WRITE_KEY}=shop`,
        TRIBUTARY_READ_KEYS: `${READ_KEY}=shop`,
        // Nobody listens there: it fails, which is logged and in the trace.
        TRIBUTARY_WEBHOOKS: `shop=http://127.0.0.1:${await freePort()}/${WEBHOOK_PATH}`,
        TRIBUTARY_WEBHOOK_SECRETS: `shop=${WEBHOOK_SECRET}`,
        TRIBUTARY_ERASE_KEYS: `${ERASE_KEY}=shop`,
      },
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    await collector?.close();
    data.remove();
  });

  it("is in no log line, no span and no error", { timeout: TIMEOUT_MS }, async () => {
    const time = Date.now();
    const good = { id: "t", type: "click", time, userId: PERSON, channel: "email" };
    const sale = { id: "c", type: "conversion", time, userId: PERSON, orderId: "o", value: "1" };
    const statuses = [
      await post("/v1/events", WRITE_KEY, JSON.stringify([good, { ...sale, currency: "EUR" }])),
      await post("/v1/events", WRITE_KEY, JSON.stringify([good, { ...good, type: "nothing" }])),
      await post("/v1/events", WRITE_KEY, JSON.stringify([{ ...good, time: PERSON }])),
      await post("/v1/events", WRITE_KEY, `[{"userId":"${PERSON}"`),
      await post("/v1/events", WRONG_KEY, JSON.stringify([good])),
      await post(`/v1/nothing?writeKey=${WRONG_KEY}`, WRITE_KEY, "{}"),
      await post(
        "/v1/track",
        "",
        JSON.stringify({ userId: PERSON, event: "x", writeKey: WRONG_KEY }),
      ),
      await post(
        "/v1/batch",
        WRITE_KEY,
        JSON.stringify({ batch: [{ type: "track", userId: PERSON, event: "x" }] }),
      ),
      await get("/v1/settled?timeoutMs=30000", READ_KEY),
      await get("/v1/conversions/o", READ_KEY),
      await get("/v1/conversions/o", WRONG_KEY),
      await get(`/v1/conversions/${encodeURIComponent(PERSON)}`, WRONG_KEY),
      await get("/v1/reports/attribution?model=best", READ_KEY),
      await erase(ERASE_KEY, { userId: PERSON, anonymousId: PERSON }),
      await erase(ERASE_KEY, { userId: PERSON.repeat(9) }),
      await erase(WRONG_KEY, { userId: PERSON }),
      await erase(ERASE_KEY, { userId: PERSON }),
    ];
    expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(4);
    expect(statuses.filter((status) => status >= 400).length).toBeGreaterThan(5);
    const has = (name: string) => (spans: readonly CollectedSpan[]) =>
      spans.some(({ operationName }) => operationName === name);
    await collector.waitFor(has("attribute conversion"), 20_000);
    await collector.waitFor(has("send webhook"), 20_000);
    await platform.stop();
    const folder = join(data.dir, "logs");
    const logs = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    expect(logs.join("").length).toBeGreaterThan(500);
    const places = {
      logs: logs.join("\n"),
      spans: JSON.stringify(collector.spans()),
      answers: answers.join("\n"),
    };
    expect(places.spans).toContain("tributary.order.id");
    expect(places.answers).toContain("unauthorized");
    expect(places.logs).toContain("a delivery failed");
    for (const [place, text] of Object.entries(places)) {
      expect([place, SECRETS.filter((secret) => text.includes(secret))]).toEqual([place, []]);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { readConfig } from "../../src/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const PAGE = "https://shop.example";
const preflight = { "access-control-request-method": "POST" };

let redis: RedisServer;
let open: TestGateway;
let closed: TestGateway;
beforeAll(async () => {
  redis = await startRedis();
  open = await startGateway(redis.url, { TRIBUTARY_WRITE_KEYS: "k=shop" });
  closed = await startGateway(redis.url, {
    TRIBUTARY_WRITE_KEYS: "k=shop",
    TRIBUTARY_CORS_ORIGINS: `${PAGE}, http://127.0.0.1:81`,
  });
});
afterAll(async () => {
  await open?.close();
  await closed?.close();
  await redis?.close();
});

const corsOf = (headers: Record<string, unknown>): string[] =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-") || name === "vary");

describe("a page of another origin", () => {
  it.each(["/v1/events", "/v1/t", "/v1/batch", "/b", "/v1/m"])(
    "asks before it sends to %s, and remembers the answer",
    async (url) => {
      const headers = { origin: PAGE, ...preflight };
      const answer = await open.server.inject({ method: "OPTIONS", url, headers });
      expect(answer.statusCode).toBe(204);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": expect.stringMatching(
          /authorization, content-type.*x-retry-count/,
        ) as string,
        "access-control-max-age": "7200",
      });
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    },
  );

  it("reads every answer, Retry-After in it: also of a wrong key", async () => {
    const sent = { method: "POST", url: "/v1/events", headers: { origin: PAGE } } as const;
    const answer = await open.server.inject(sent);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "Retry-After",
    });
    const url = "/v1/projects/k/settings";
    const settings = await open.server.inject({ url, headers: { origin: PAGE } });
    expect(settings.statusCode).toBe(200);
    expect(settings.headers).toHaveProperty("access-control-allow-origin", "*");
  });

  it("is none where the request names no origin", async () => {
    const answer = await open.server.inject({ method: "POST", url: "/v1/events" });
    expect(corsOf(answer.headers)).toEqual([]);
  });

  it("has no business with metrics and health", async () => {
    for (const url of ["/metrics", "/healthz", "/readyz"]) {
      const answer = await open.server.inject({ url, headers: { origin: PAGE } });
      expect(corsOf(answer.headers)).toEqual([]);
    }
    const headers = { origin: PAGE, "access-control-request-method": "GET" };
    const asked = await open.server.inject({ method: "OPTIONS", url: "/metrics", headers });
    expect(asked.statusCode).toBe(405);
    expect(corsOf(asked.headers)).toEqual([]);
  });
});

describe("TRIBUTARY_CORS_ORIGINS", () => {
  const ask = async (origin: string) =>
    closed.server.inject({
      method: "OPTIONS",
      url: "/v1/events",
      headers: { origin, ...preflight },
    });

  it("lets its origins in, and no other", async () => {
    const allowed = await ask(PAGE);
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({ "access-control-allow-origin": PAGE, vary: "Origin" });
    const refused = await ask("https://other.example");
    expect(refused.statusCode).toBe(405);
    expect(corsOf(refused.headers)).toEqual(["vary"]);
  });

  it.each(["shop.example", "https://shop.example/", "https://a.example,", "null"])(
    "refuses %s, and says what it expected",
    (TRIBUTARY_CORS_ORIGINS) => {
      expect(() => readConfig({ TRIBUTARY_CORS_ORIGINS })).toThrow(
        /^TRIBUTARY_CORS_ORIGINS: expected \* or origins like .* got "/,
      );
    },
  );
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
const gateways: TestGateway[] = [];
let open: TestGateway;
let named: TestGateway;
let any: TestGateway;
let keyed: TestGateway;
beforeAll(async () => {
  redis = await startRedis();
  const start = async (env: Record<string, string> = {}): Promise<TestGateway> => {
    const gateway = await startGateway(redis.url, env);
    gateways.push(gateway);
    return gateway;
  };
  open = await start();
  named = await start({
    TRIBUTARY_KNOWN_HOSTS: "shop.test, Events.Shop.Test",
    TRIBUTARY_CORS_ORIGINS: "https://preview.example",
  });
  any = await start({ TRIBUTARY_CORS_ORIGINS: "*" });
  keyed = await start({ TRIBUTARY_WRITE_KEYS: "k=shop" });
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await redis?.close();
});

let sent = 0;
const event = () => ({ id: `e${(sent += 1)}`, type: "conversion", time: Date.now(), userId: "u" });
const asks = async (
  gateway: TestGateway,
  url: string,
  headers: Record<string, string>,
  payload?: string,
) => {
  const method = payload === undefined ? "GET" : "POST";
  const answer = await gateway.server.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
  const body: unknown = answer.headers["content-type"]?.toString().includes("json")
    ? answer.json()
    : {};
  return {
    status: answer.statusCode,
    code: (body as { error?: { code?: string } }).error?.code,
    answer,
  };
};
const sends = async (gateway: TestGateway, headers: Record<string, string>) =>
  asks(
    gateway,
    "/v1/events",
    { "content-type": "application/json", ...headers },
    JSON.stringify([event()]),
  );
/** As `sendBeacon` and Segment's browser client send: a simple request, without a preflight. */
const beacons = async (gateway: TestGateway, headers: Record<string, string>) =>
  asks(
    gateway,
    "/v1/t",
    { "content-type": "text/plain", ...headers },
    JSON.stringify({ type: "track", event: "Order Completed", userId: "u", messageId: `m${sent}` }),
  );

describe("without keys", () => {
  it.each(["localhost:8080", "LOCALHOST", "127.0.0.1:1", "127.0.0.1", "[::1]:8080", "[::1]"])(
    "the host %s is answered",
    async (host) => {
      expect((await sends(open, { host })).status).toBe(202);
      expect((await asks(open, "/readyz", { host })).status).toBe(200);
    },
  );

  it.each([
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil@localhost",
    "192.168.0.7:8080",
    "[::2]",
  ])("the host %s is refused on every path, as a rebound name would be", async (host) => {
    for (const url of ["/metrics", "/healthz", "/v1/projects/k/settings", "/none"]) {
      expect(await asks(open, url, { host })).toMatchObject({ status: 403, code: "host_refused" });
    }
    expect(await sends(open, { host })).toMatchObject({ status: 403, code: "host_refused" });
    expect((await sends(keyed, { host, "x-write-key": "k" })).status).toBe(202);
  });

  it("hosts that are configured are answered, and no others", async () => {
    for (const host of ["shop.test", "events.shop.test:8080", "localhost"]) {
      expect((await sends(named, { host })).status).toBe(202);
    }
    expect((await sends(named, { host: "other.test" })).status).toBe(403);
  });

  it.each(["http://localhost:3000", "https://127.0.0.1", "http://[::1]:81", "http://localhost"])(
    "a page of this machine sends: %s",
    async (origin) => {
      expect((await sends(open, { origin })).status).toBe(202);
      expect((await beacons(open, { origin, "sec-fetch-site": "cross-site" })).status).toBe(200);
    },
  );

  it.each(["https://evil.example", "null", "http://localhost.evil.example", "file://", "x"])(
    "a page of another origin sends nothing: %s",
    async (origin) => {
      const refused = { status: 403, code: "origin_refused" };
      expect(await beacons(open, { origin })).toMatchObject(refused);
      expect(await sends(open, { origin })).toMatchObject(refused);
      const { answer } = await asks(open, "/v1/projects/k/settings", { origin });
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
      expect((await sends(keyed, { origin, "x-write-key": "k" })).status).toBe(202);
    },
  );

  it("a page of another site makes no request without an origin either, but for links and pixels", async () => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    for (const url of ["/v1/postback/network?transaction=1", "/metrics"]) {
      expect(await asks(open, url, headers)).toMatchObject({ status: 403, code: "origin_refused" });
    }
    expect((await asks(open, "/p.gif?key=k&uid=u", headers)).status).toBe(200);
    expect((await asks(open, "/c/k?url=https%3A%2F%2Fshop.example", headers)).code).toBe(
      "target_refused",
    );
    expect((await asks(open, "/metrics", { "sec-fetch-site": "none" })).status).toBe(200);
  });

  it("origins that are configured send, and all of them where the setting says so", async () => {
    expect((await sends(named, { origin: "https://preview.example" })).status).toBe(202);
    expect((await sends(named, { origin: "http://shop.test:3000" })).status).toBe(202);
    expect((await sends(named, { origin: "https://evil.example" })).status).toBe(403);
    expect((await beacons(any, { origin: "https://evil.example" })).status).toBe(200);
    expect(
      (await beacons(any, { origin: "https://evil.example", host: "evil.example" })).code,
    ).toBe("host_refused");
  });
});

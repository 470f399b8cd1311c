import { afterAll, beforeAll, expect, it } from "vitest";
import {
  codeOf,
  oddAnswers,
  rawAnswer,
  UNREADABLE,
} from "../../../../test/support/odd-requests.ts";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { GATEWAY_ERRORS } from "../../src/errors.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let gateway: TestGateway;
let port: number;
const lines: string[] = [];
beforeAll(async () => {
  redis = await startRedis();
  gateway = await startGateway(redis.url, {}, { write: (line) => void lines.push(line) });
  const address = await gateway.server.listen({ host: "127.0.0.1", port: 0 });
  port = Number(new URL(address).port);
});
afterAll(async () => {
  await gateway?.close();
  await redis?.close();
});
const codes = Object.keys(GATEWAY_ERRORS);

it("every route answers every method and body in the documented form, and none with 500", async () => {
  const routes = gateway.server.getDecorator<{ patterns: string[] }>("routeMethods").patterns;
  expect(routes).toEqual(expect.arrayContaining(["/v1/events", "/v1/t", "/c/:key", "/metrics"]));
  const faults = await oddAnswers({
    port,
    routes: [...routes, "/none", "/v1/events/"],
    headers: {},
    codes,
  });
  expect(faults.slice(0, 20)).toEqual([]);
  expect(lines.filter((line) => line.includes("stack"))).toEqual([]);
}, 120_000);

it("what is no HTTP, and a path that cannot be decoded, is answered in the documented form", async () => {
  for (const [bytes, status] of UNREADABLE) {
    const [head = "", body = ""] = (await rawAnswer(port, bytes)).split("\r\n\r\n");
    expect([bytes.slice(0, 60), head.slice(9, 12), codeOf(body)]).toEqual([
      bytes.slice(0, 60),
      String(status),
      "request_malformed",
    ]);
  }
  for (const url of ["/%zz", `/c/${"x".repeat(2000)}`, "/v1/projects/%ff/settings"]) {
    const answer = await gateway.server.inject({ url, headers: { host: "localhost" } });
    expect([url.slice(0, 20), answer.statusCode, codeOf(answer.body)]).toEqual([
      url.slice(0, 20),
      404,
      "not_found",
    ]);
  }
});

it("a path that is there names the methods that it takes", async () => {
  for (const [url, allow] of [
    ["/v1/events", "POST"],
    ["/metrics", "GET, HEAD"],
    ["/p.gif", "GET"],
    ["/v1/postback/network", "GET, POST"],
    ["/v1/t/", "POST"],
  ] as const) {
    const answer = await gateway.server.inject({ method: "PUT", url });
    expect([url, answer.statusCode, answer.headers.allow]).toEqual([url, 405, allow]);
    expect(codeOf(answer.body)).toBe("method_not_allowed");
  }
});

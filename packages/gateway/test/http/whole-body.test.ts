import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let redis: RedisServer;
let gateway: TestGateway;
let lines: string[];
beforeEach(async () => {
  redis = await startRedis();
  lines = [];
});
afterEach(async () => {
  await gateway?.close();
  await redis?.close();
});

const BODY = JSON.stringify({ id: "e1", type: "click", time: Date.now(), userId: "u" });
const request = (length: number, more = "") =>
  `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

async function listen(): Promise<number> {
  gateway = await startGateway(redis.url, {}, { write: (line) => void lines.push(line) });
  const address = await gateway.server.listen({ host: "127.0.0.1", port: 0 });
  return Number(new URL(address).port);
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** All that the gateway sends until it ends the connection. */
async function answerOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

it("answers a client that ends its sending side right after the request, and ends the connection", async () => {
  const socket = await open(await listen());
  socket.end(request(BODY.length) + BODY);
  const answer = await answerOf(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 202 /);
  expect(answer).toContain('{"accepted":1,"refused":[]}');
});

it("answers all pipelined requests of such a client", async () => {
  const socket = await open(await listen());
  socket.end((request(BODY.length) + BODY).repeat(3));
  expect((await answerOf(socket)).match(/HTTP\/1\.1 202 /g)).toHaveLength(3);
});

it("writes no error line for a client that goes away within its body, or before its answer", async () => {
  const port = await listen();
  for (const sent of [
    request(1000) + BODY,
    request(BODY.length) + BODY,
    `${request(0).replace("Content-Length: 0", "Transfer-Encoding: chunked")}5\r\n{"id"\r\n`,
  ]) {
    const reset = await open(port);
    reset.write(sent);
    await sleep(20);
    reset.resetAndDestroy();
    const ended = await open(port);
    ended.write(sent);
    await sleep(20);
    ended.destroy();
  }
  await sleep(100);
  expect((await gateway.server.inject("/healthz")).statusCode).toBe(200);
  expect(lines).toEqual([]);
});

it("reads no body of a sender whose key is wrong, or who has none where the headers bring it", async () => {
  gateway = await startGateway(redis.url, { TRIBUTARY_WRITE_KEYS: "k=shop" });
  const address = await gateway.server.listen({ host: "127.0.0.1", port: 0 });
  const port = Number(new URL(address).port);
  for (const [path, headers] of [
    ["/v1/events", ""],
    ["/v1/events", "X-Write-Key: wrong\r\n"],
    ["/v1/t", "X-Write-Key: wrong\r\n"],
    ["/v1/batch", `Authorization: Basic ${Buffer.from("wrong:").toString("base64")}\r\n`],
    ["/v1/postback/network", "X-Write-Key: wrong\r\n"],
    ["/v1/postback/network?key=wrong", ""],
  ] as const) {
    const socket = await open(port);
    // A body that never comes: whoever waits for it does not answer.
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n${headers}\r\n`,
    );
    const answer = await Promise.race([once(socket, "data"), sleep(2000)]);
    socket.destroy();
    expect([path, String(answer).slice(0, 12)]).toEqual([path, "HTTP/1.1 401"]);
  }
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { TcpProxy } from "../../../src/chaos/inject/tcp-proxy.ts";

/** A server that answers each chunk with itself, and remembers what it was sent. */
async function echoServer() {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk: Buffer) => {
      received.push(chunk.toString());
      socket.write(chunk);
    });
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.stop();
    server.close();
  });
  return { received, proxy };
}

async function open(proxy: TcpProxy): Promise<{ socket: Socket; said: () => string }> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1" });
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return { socket, said: () => text };
}

const ask = async (socket: Socket, text: string): Promise<void> => {
  socket.write(text);
  await once(socket, "data");
};

test("passes bytes on in both directions", async () => {
  const { proxy, received } = await echoServer();
  const { socket, said } = await open(proxy);
  await ask(socket, "hello");
  expect(said()).toBe("hello");
  expect(received).toEqual(["hello"]);
});

test("slow: bytes keep their order and take the time in each direction", async () => {
  const { proxy } = await echoServer();
  const { socket, said } = await open(proxy);
  proxy.slow(60);
  const began = performance.now();
  socket.write("a");
  await sleep(5);
  proxy.slow(0);
  socket.write("b");
  while (said().length < 2) await sleep(5);
  expect(performance.now() - began).toBeGreaterThan(55);
  expect(said()).toBe("ab");
});

test("held requests arrive late, also when the client has gone; the connection breaks then", async () => {
  const { proxy, received } = await echoServer();
  const { socket, said } = await open(proxy);
  await ask(socket, "before ");
  proxy.hold("requests");
  socket.write("late");
  await sleep(50);
  expect(received).toEqual(["before "]);
  socket.destroy();
  await sleep(50);
  proxy.release();
  while (received.length < 2) await sleep(5);
  expect(received).toEqual(["before ", "late"]);
  expect(said()).toBe("before ");
});

test("held replies: the request arrives, its answer never does", async () => {
  const { proxy, received } = await echoServer();
  const { socket, said } = await open(proxy);
  proxy.hold("replies");
  socket.write("asked");
  while (received.length < 1) await sleep(5);
  await sleep(30);
  expect(said()).toBe("");
  const closed = once(socket, "close");
  proxy.release();
  await closed;
  expect(said()).toBe("");
});

test("reset after a write: the bytes arrive, the answer does not", async () => {
  const { proxy, received } = await echoServer();
  const { socket, said } = await open(proxy);
  await ask(socket, "x");
  proxy.resetAfterWrite();
  // Not once(): a reset is an error first.
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("y");
  await closed;
  while (received.length < 2) await sleep(5);
  expect(received).toEqual(["x", "y"]);
  expect(said()).toBe("x");
});

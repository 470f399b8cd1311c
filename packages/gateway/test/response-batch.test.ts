import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { ResponseBatch } from "../src/response-batch.ts";

async function connection(): Promise<{ socket: Socket; received: () => string }> {
  let received = "";
  const server = createServer((peer) => {
    peer.setEncoding("utf8").on("data", (text: string) => (received += text));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const socket = connect(address.port, "127.0.0.1");
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { socket, received: () => received };
}

test("what is written within a turn leaves at its end, and the next turn begins anew", async () => {
  const batch = new ResponseBatch();
  const { socket, received } = await connection();
  for (const text of ["one", "two"]) {
    batch.hold(socket);
    batch.hold(socket);
    socket.write(text);
    expect(socket.writableCorked).toBe(1);
    await nextTurn();
    expect(socket.writableCorked).toBe(0);
  }
  await expect.poll(received).toBe("onetwo");
});

test("a request without a connection is left alone", () => {
  expect(() => new ResponseBatch().hold({})).not.toThrow();
});

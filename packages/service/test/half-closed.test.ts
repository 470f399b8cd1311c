import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { answerHalfClosed } from "../src/half-closed.ts";

it("has a server answer a client that ended its sending side, however late, and end the connection", async () => {
  const server = createServer((request, response) => {
    void sleep(30).then(() => response.end(`answer of ${request.url}`));
  });
  onTestFinished(() => void server.close());
  answerHalfClosed(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  expect(text).toContain("answer of /a");
  expect(text).toContain("answer of /b");
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { codeOf, rawAnswer, UNREADABLE } from "../../../test/support/odd-requests.ts";
import { answerUnreadable } from "../src/index.ts";

it("what is no HTTP is answered in the form of all errors, and so is a request that takes too long", async () => {
  const server = createServer({ headersTimeout: 1000, connectionsCheckingInterval: 50 });
  server.on("clientError", answerUnreadable);
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  for (const [bytes, status] of [...UNREADABLE, ["GET / HTTP/1.1\r\n", 408] as const]) {
    const [head = "", body = ""] = (await rawAnswer(port, bytes)).split("\r\n\r\n");
    expect([bytes.slice(0, 60), head.slice(9, 12), codeOf(body)]).toEqual([
      bytes.slice(0, 60),
      String(status),
      "request_malformed",
    ]);
  }
});

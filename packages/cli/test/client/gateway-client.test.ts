import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import { unpack } from "msgpackr";
import { expect, onTestFinished, test } from "vitest";
import { GatewayClient, type GatewayClientOptions } from "../../src/client/gateway-client.ts";

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A gateway that gives the chosen answers. */
async function gateway(
  reply: (events: readonly { id: string }[], request: number) => Reply | "hang up",
  options: Partial<GatewayClientOptions> = {},
) {
  const seen: string[][] = [];
  const keys: (string | undefined)[] = [];
  const handle: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const events = unpack(Buffer.concat(parts)) as { id: string }[];
      seen.push(events.map(({ id }) => id));
      keys.push(request.headers.authorization);
      const answer = reply(events, seen.length);
      if (answer === "hang up") {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, answer.headers);
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  };
  const server = createServer(handle).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = new GatewayClient({
    url: `http://127.0.0.1:${port}`,
    connections: 2,
    signal: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => client.close());
  return { client, seen, keys };
}

const events = ["a", "b", "c"].map((id) => ({ id, type: "click" as const, time: 1, userId: "u" }));
const taken = { status: 202, body: { accepted: 3, refused: [] } };

test("a batch goes as msgpack with the key, and the refused events are returned", async () => {
  const refused = [{ index: 1, field: "time", reason: "too early" }];
  const { client, seen, keys } = await gateway(
    () => ({ status: 202, body: { accepted: 2, refused } }),
    { key: "k" },
  );
  expect(await client.send(events)).toMatchObject({ accepted: 2, refused });
  expect(seen).toEqual([["a", "b", "c"]]);
  expect(keys).toEqual(["Bearer k"]);
});

test("400 with every event refused is an answer, not a failure", async () => {
  const refused = events.map((_, index) => ({ index, field: "type", reason: "no type" }));
  const body = { error: { code: "all_refused", reason: "no" }, accepted: 0, refused };
  const { client } = await gateway(() => ({ status: 400, body }));
  expect(await client.send(events)).toMatchObject({ accepted: 0, refused });
});

test("unavailable, overloaded, cut off: the same batch is sent again until it is taken", async () => {
  const unavailable = {
    status: 503,
    body: { error: { code: "redis_away", reason: "Redis is unavailable" } },
    headers: { "retry-after": "0" },
  };
  const notes: string[] = [];
  const { client, seen } = await gateway(
    (_, request) =>
      [unavailable, "hang up" as const, { status: 429, body: "" }, { status: 500, body: "<html>" }][
        request - 1
      ] ?? taken,
    { waiting: (reason) => notes.push(reason) },
  );
  expect(await client.send(events)).toMatchObject({ accepted: 3 });
  expect(seen).toHaveLength(5);
  expect(client.retries).toBe(4);
  expect(notes[0]).toBe("Redis is unavailable");
});

test("Retry-After is respected", async () => {
  const { client } = await gateway((_, request) =>
    request === 1 ? { status: 503, body: {}, headers: { "retry-after": "1" } } : taken,
  );
  const start = performance.now();
  await client.send(events);
  expect(performance.now() - start).toBeGreaterThan(950);
});

test("a batch that is too large goes in halves, and one event that is too large is refused", async () => {
  const { client, seen } = await gateway((batch) => {
    if (batch.length > 1 || batch[0]?.id === "c")
      return { status: 413, body: { error: { code: "body_too_large", reason: "too large" } } };
    return { status: 202, body: { accepted: 1, refused: [] } };
  });
  expect(await client.send(events)).toEqual({
    accepted: 2,
    refused: [{ index: 2, field: "event", reason: "too large" }],
  });
  expect(seen.map((ids) => ids.join(""))).toEqual(["abc", "ab", "a", "b", "c"]);
});

test("a wrong key, or another server, ends the sending with a sentence", async () => {
  const wrong = await gateway(() => ({
    status: 401,
    body: { error: { code: "unauthorized", reason: "unknown key" } },
  }));
  await expect(wrong.client.send(events)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("--key") as string,
  });
  const other = await gateway(() => ({ status: 200, body: "<html>" }));
  await expect(other.client.send(events)).rejects.toThrow(
    "does not answer like a gateway (status 200)",
  );
});

test("after its deadline, or an abort, no attempt begins", async () => {
  const unavailable = (): Reply => ({
    status: 503,
    body: { error: { code: "x", reason: "Redis is unavailable" } },
  });
  const late = await gateway(unavailable, { deadlineMs: Date.now() - 1 });
  await expect(late.client.send(events)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("Redis is unavailable") as string,
  });
  const controller = new AbortController();
  const stopped = await gateway(unavailable, { signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await expect(stopped.client.send(events)).rejects.toMatchObject({ name: "AbortError" });
});

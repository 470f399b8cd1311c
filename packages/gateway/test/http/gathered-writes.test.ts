import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { gatherWrites } from "../../src/http/gathered-writes.ts";

let server: Server;
let client: Socket;
afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

/** A server that answers when it is told to, and the writes that its connection made to the system. */
async function open() {
  const answers: ServerResponse[] = [];
  const writes: number[] = [];
  server = createServer((_request, response) => answers.push(response));
  server.on("connection", (socket: Socket) => {
    const handle = socket as Socket & {
      _write: (...args: unknown[]) => void;
      _writev: (chunks: unknown[], done: unknown) => void;
    };
    const one = handle._write.bind(socket);
    const several = handle._writev.bind(socket);
    handle._write = (...args) => {
      writes.push(1);
      one(...args);
    };
    handle._writev = (chunks, done) => {
      writes.push(chunks.length);
      several(chunks, done);
    };
    gatherWrites(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let received = "";
  client.setEncoding("utf8");
  client.on("data", (text) => {
    received += text;
  });
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { answers, writes, until, received: () => received };
}

const bodies = (text: string) => [...text.matchAll(/<(\d+)>/g)].map(([, body]) => Number(body));

it("answers of one turn to a pipelined connection leave it in one write, in order", async () => {
  const { answers, writes, until, received } = await open();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10));
  await until(() => answers.length === 10);
  for (const [i, answer] of answers.entries()) answer.end(`<${i}>`);
  await until(() => bodies(received()).length === 10);
  expect(bodies(received())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(writes).toHaveLength(1);
});

it("an answer in several parts, some long, keeps their order", async () => {
  const { answers, until, received } = await open();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2));
  await until(() => answers.length === 2);
  const [first, second] = answers;
  first?.write("<1>");
  first?.write("x".repeat(100_000));
  first?.write(Buffer.from("<2>"));
  first?.end("<3>");
  second?.end("<4>");
  await until(() => bodies(received()).length === 4);
  expect(bodies(received())).toEqual([1, 2, 3, 4]);
  expect(received().split("x").length - 1).toBeGreaterThanOrEqual(100_000);
});

it("a connection that is closed after its answer has it before", async () => {
  const { answers, until, received } = await open();
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await until(() => answers.length === 1);
  answers[0]?.end("<7>");
  await once(client, "end");
  expect(bodies(received())).toEqual([7]);
});

it("closing idle connections right after an answer does not cost it", async () => {
  const { answers, until, received } = await open();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => answers.length === 1);
  answers[0]?.end("<8>");
  await new Promise((resolve) => process.nextTick(resolve));
  server.closeIdleConnections();
  await until(() => bodies(received()).length === 1 || client.destroyed);
  expect(bodies(received())).toEqual([8]);
});

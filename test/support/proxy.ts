import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a proxy answers in the gateway's place. */
export interface CannedAnswer {
  readonly status: number;
  /** Whole seconds. */
  readonly retryAfter?: number;
  /** Whether the gateway gets the request all the same, and only its answer is lost. */
  readonly taken?: boolean;
}

/** Stands between a client and a gateway, on one port of 127.0.0.1, and can fail in the gateway's place. */
export interface Proxy {
  readonly url: string;
  /** The next posts are answered by these, one each. */
  answer(...answers: readonly CannedAnswer[]): void;
  /** Canned answers that nobody has had yet. */
  left(): number;
  /** Statuses of the posts so far, in the order of their answers. */
  readonly statuses: number[];
  /** Preflights so far. */
  preflights(): number;
  /** Nobody listens any more, until {@link up}. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** @param target URL of the gateway */
export async function startProxy(target: string): Promise<Proxy> {
  const canned: CannedAnswer[] = [];
  const statuses: number[] = [];
  let preflights = 0;
  let server: Server | undefined;
  let port = 0;
  const create = (): Server =>
    createServer((request, response) => {
      if (request.method === "OPTIONS") preflights += 1;
      const answer = request.method === "POST" ? canned.shift() : undefined;
      const reply = (): void => {
        const { status = 500, retryAfter } = answer ?? {};
        statuses.push(status);
        response.writeHead(status, {
          "Access-Control-Allow-Origin": "*",
          "Access-Control-Expose-Headers": "Retry-After",
          ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
        });
        response.end("not now");
      };
      if (answer !== undefined && answer.taken !== true) {
        request.resume().on("end", reply);
        return;
      }
      const { method, headers, url = "" } = request;
      const forwarded = httpRequest(`${target}${url}`, { method, headers }, (got) => {
        if (answer !== undefined) {
          got.resume().on("end", reply);
          return;
        }
        if (method === "POST") statuses.push(got.statusCode ?? 0);
        response.writeHead(got.statusCode ?? 0, got.headers);
        got.pipe(response);
      });
      forwarded.on("error", () => response.destroy());
      request.pipe(forwarded);
    });
  const proxy: Proxy = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    statuses,
    answer: (...answers) => void canned.push(...answers),
    left: () => canned.length,
    preflights: () => preflights,
    async up() {
      server = create().listen(port, "127.0.0.1");
      await once(server, "listening");
      port = (server.address() as AddressInfo).port;
    },
    async down() {
      if (server === undefined) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      server = undefined;
      await closed;
    },
    close: () => proxy.down(),
  };
  await proxy.up();
  return proxy;
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

const HOST = "127.0.0.1";
/** A link whose bytes wait is not read from beyond this. */
const MAX_HELD_BYTES = 64 << 20;

/** What a link does with bytes. */
interface Conditions {
  /** Added to each direction, ms. */
  latencyMs: number;
  /** Bytes from the client are kept back. */
  holdRequests: boolean;
  /** Bytes from the server are kept back. */
  holdReplies: boolean;
}

/**
 * Stands between a service and Redis, and behaves as a bad network does. One proxy a service, so that a fault hits that
 * service alone.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #upstreamPort: number;
  readonly #links = new Set<Link>();
  readonly #conditions: Conditions = { latencyMs: 0, holdRequests: false, holdReplies: false };

  private constructor(server: Server, upstreamPort: number) {
    this.#server = server;
    this.#upstreamPort = upstreamPort;
  }

  static async start(upstreamPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, upstreamPort);
    server.on("connection", (client) => proxy.#accept(client));
    server.listen(0, HOST);
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every byte takes this much longer, in both directions. */
  slow(latencyMs: number): void {
    this.#conditions.latencyMs = latencyMs;
  }

  /**
   * A half-open network: connections look alive and nothing comes back.
   * @param what `requests` keeps back what the service writes, to deliver it late; `replies` lets requests through
   */
  hold(what: "requests" | "replies"): void {
    if (what === "requests") this.#conditions.holdRequests = true;
    this.#conditions.holdReplies = true;
  }

  /** Delivers the requests that were kept back, then breaks every connection that was there. */
  release(): void {
    this.#conditions.holdRequests = false;
    this.#conditions.holdReplies = false;
    for (const link of this.#links) link.deliverAndBreak();
  }

  /**
   * The next bytes that each open connection writes reach Redis; then it is reset, and its reply never arrives.
   * @param containing only bytes with this in them count
   */
  resetAfterWrite(containing = ""): void {
    for (const link of this.#links) link.resetAfterWrite(containing);
  }

  async stop(): Promise<void> {
    for (const link of this.#links) link.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    const upstream = connect({ host: HOST, port: this.#upstreamPort, noDelay: true });
    client.setNoDelay(true);
    const link = new Link(client, upstream, this.#conditions, () => this.#links.delete(link));
    this.#links.add(link);
  }
}

/** One connection through the proxy. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #conditions: Conditions;
  readonly #requests: Direction;
  readonly #replies: Direction;
  /** What the write must contain after which the connection is reset; undefined where none resets it. */
  #resetOn: string | undefined;

  constructor(client: Socket, upstream: Socket, conditions: Conditions, gone: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#conditions = conditions;
    this.#requests = new Direction(client, upstream, () => conditions.holdRequests);
    this.#replies = new Direction(upstream, client, () => conditions.holdReplies);
    client.on("data", (chunk: Buffer) => this.#request(chunk));
    upstream.on("data", (chunk: Buffer) => this.#replies.push(chunk, conditions.latencyMs));
    // A reset is what this proxy is for; both ends learn of it by their own sockets.
    client.on("error", () => undefined);
    upstream.on("error", () => undefined);
    client.on("close", () => {
      // What was kept back still arrives late, as packets do; until then the other half stays.
      if (!conditions.holdRequests) upstream.end();
    });
    upstream.on("close", () => {
      client.destroy();
      gone();
    });
  }

  resetAfterWrite(containing: string): void {
    this.#resetOn = containing;
  }

  deliverAndBreak(): void {
    this.#requests.flush();
    this.#client.destroy();
    this.#upstream.end();
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #request(chunk: Buffer): void {
    this.#requests.push(chunk, this.#conditions.latencyMs);
    if (this.#resetOn === undefined || this.#conditions.holdRequests) return;
    if (!chunk.includes(this.#resetOn)) return;
    this.#requests.flush();
    this.#client.resetAndDestroy();
    this.#upstream.end();
  }
}

/** Bytes on their way, in their order, each not before its time. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #held: () => boolean;
  readonly #queue: { readonly chunk: Buffer; readonly dueMs: number }[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, held: () => boolean) {
    this.#from = from;
    this.#to = to;
    this.#held = held;
  }

  push(chunk: Buffer, latencyMs: number): void {
    if (this.#queue.length === 0 && latencyMs === 0 && !this.#held()) {
      this.#write(chunk);
      return;
    }
    const last = this.#queue.at(-1)?.dueMs ?? 0;
    this.#queue.push({ chunk, dueMs: Math.max(last, performance.now() + latencyMs) });
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > MAX_HELD_BYTES) this.#from.pause();
    this.#schedule();
  }

  /** Everything now, whatever holds it. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { chunk } of this.#queue.splice(0)) this.#write(chunk);
    this.#queuedBytes = 0;
  }

  #schedule(): void {
    const next = this.#queue[0];
    if (next === undefined || this.#timer !== undefined || this.#held()) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#drain();
      },
      Math.max(0, next.dueMs - performance.now()),
    );
  }

  #drain(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#held() || next.dueMs > performance.now()) break;
      this.#queue.shift();
      this.#queuedBytes -= next.chunk.length;
      this.#write(next.chunk);
    }
    if (this.#queuedBytes <= MAX_HELD_BYTES) this.#from.resume();
    this.#schedule();
  }

  #write(chunk: Buffer): void {
    if (this.#to.writable) this.#to.write(chunk);
  }
}

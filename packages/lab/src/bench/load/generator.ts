/** The load generator's process: keep-alive connections with several concurrent requests, bodies patched in place. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { RequestBuffer } from "./bodies.ts";
import type { GeneratorSetup, LoadDone, LoadOrder } from "./messages.ts";
import { ResponseReader } from "./response-reader.ts";
import { userNumbers } from "./users.ts";

/** Most concurrent requests of a load at a given rate. */
const MAX_REQUESTS = 4096;

class Connection {
  readonly socket: Socket;
  /** Requests without an answer yet, in the order of their answers. */
  readonly waiting: RequestBuffer[] = [];

  constructor(host: string, port: number, taken: (status: number, request: RequestBuffer) => void) {
    this.socket = connect({ host, port, noDelay: true });
    const reader = new ResponseReader((status) => {
      const request = this.waiting.shift();
      if (request === undefined) throw new Error("an answer that nothing was asked for");
      taken(status, request);
    });
    this.socket.on("data", (bytes) => reader.take(bytes));
    this.socket.on("close", () => {
      throw new Error("the gateway closed a connection");
    });
  }

  send(request: RequestBuffer): void {
    this.waiting.push(request);
    this.socket.write(request.bytes);
  }
}

class Generator {
  readonly #setup: GeneratorSetup;
  readonly #connections: Connection[] = [];
  readonly #idle: RequestBuffer[] = [];
  readonly #nextUser: () => number;
  #made = 0;
  #events = 0;
  #conversions = 0;
  #underWay = 0;
  #retries = 0;
  #sendNext: () => void = () => undefined;

  constructor(setup: GeneratorSetup) {
    this.#setup = setup;
    this.#nextUser = userNumbers(setup.users, setup.skew, 1);
  }

  async connect(): Promise<void> {
    for (let i = 0; i < this.#setup.connections; i += 1) {
      const connection = new Connection(this.#setup.host, this.#setup.port, (status, request) =>
        this.#answered(connection, status, request),
      );
      this.#connections.push(connection);
    }
    await Promise.all(this.#connections.map(({ socket }) => once(socket, "connect")));
  }

  /** Sends for a time, waits for all answers, and reports the numbers. */
  async run(order: LoadOrder): Promise<LoadDone> {
    const before = { events: this.#events, conversions: this.#conversions, retries: this.#retries };
    const startedAtMs = Date.now();
    const until = startedAtMs + order.seconds * 1000;
    if (order.eventsPerSecond === undefined) await this.#saturate(until);
    else await this.#atRate(startedAtMs, until, order.eventsPerSecond);
    const sentUntilMs = Date.now();
    this.#sendNext = () => undefined;
    while (this.#underWay > 0) await sleep(1);
    return {
      kind: "done",
      startedAtMs,
      sentUntilMs,
      acknowledgedAtMs: Date.now(),
      events: this.#events - before.events,
      conversions: this.#conversions - before.conversions,
      retries: this.#retries - before.retries,
      cpuMicros: cpuMicros(),
    };
  }

  /** Closed loop, at full speed: a request follows every answer. */
  async #saturate(until: number): Promise<void> {
    this.#sendNext = () => {
      const now = Date.now();
      if (now < until) this.#send(now);
    };
    for (let i = 0; i < this.#setup.requestsUnderWay; i += 1) this.#send(Date.now());
    await sleep(until - Date.now());
  }

  /**
   * Open loop: every request has a due time, independent of earlier requests, and its events bear that time. The latency
   * of a request sent late therefore includes its delay (no coordinated omission).
   */
  async #atRate(startedAtMs: number, until: number, eventsPerSecond: number): Promise<void> {
    const perMs = eventsPerSecond / this.#setup.shape.eventsPerRequest / 1000;
    let sent = 0;
    for (let now = startedAtMs; now < until; now = Date.now()) {
      for (let due = startedAtMs + sent / perMs; due <= now; due = startedAtMs + sent / perMs) {
        if (this.#underWay >= MAX_REQUESTS) break;
        this.#send(Math.floor(due));
        sent += 1;
      }
      await sleep(1);
    }
  }

  #send(timeMs: number): void {
    const request = this.#idle.pop() ?? this.#make();
    request.renew(this.#events, this.#conversions, timeMs, this.#nextUser);
    this.#events += request.events;
    this.#conversions += request.conversions;
    this.#underWay += 1;
    let quietest = this.#connections[0] as Connection;
    for (const connection of this.#connections) {
      if (connection.waiting.length < quietest.waiting.length) quietest = connection;
    }
    quietest.send(request);
  }

  #make(): RequestBuffer {
    const { shape, tenants } = this.#setup;
    const writeKey = tenants === 1 ? undefined : `tenant-${this.#made % tenants}`;
    const request = new RequestBuffer({ ...shape, writeKey }, this.#made);
    this.#made += 1;
    return request;
  }

  #answered(connection: Connection, status: number, request: RequestBuffer): void {
    // Segment's paths answer 200.
    if (status === 202 || status === 200) {
      this.#underWay -= 1;
      this.#idle.push(request);
      this.#sendNext();
      return;
    }
    // Overloaded: send it again unchanged, like a client.
    if (status !== 503 && status !== 429) throw new Error(`the gateway answered ${status}`);
    this.#retries += 1;
    setTimeout(() => connection.send(request), 1000);
  }
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

let generator: Generator | undefined;
process.on("message", (message: GeneratorSetup | LoadOrder) => {
  void (async () => {
    if (message.kind === "setup") {
      generator = new Generator(message);
      await generator.connect();
      process.send?.({ kind: "ready", cpuMicros: cpuMicros() });
    } else {
      process.send?.(await (generator as Generator).run(message));
    }
  })();
});

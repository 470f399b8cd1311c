import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { PlatformError, systemCode } from "../errors.ts";

/** Ports tried upward from a wished one. */
export const PORT_TRIES = 100;
/** Below the ports of outgoing connections, which begin at 32768 on Linux and at 49152 elsewhere (RFC 6335, 6). */
const ANY_FROM = 16_384;
const ANY_BELOW = 32_768;
const HOST = "127.0.0.1";

/** A port of 127.0.0.1 that no other program can take until it is released. Connections to it are closed at once. */
export class HeldPort {
  readonly port: number;
  readonly #server: Server;

  private constructor(port: number, server: Server) {
    this.port = port;
    this.#server = server;
  }

  /** @returns undefined where another program has the port */
  static async take(port: number): Promise<HeldPort | undefined> {
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host: HOST, exclusive: true }, resolve);
      });
    } catch (error) {
      const code = systemCode(error);
      if (code === "EADDRINUSE" || code === "EACCES") return undefined;
      throw error;
    }
    // What is held must not keep this process alive.
    server.unref();
    return new HeldPort(port, server);
  }

  /** May be called again. */
  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/**
 * Holds exactly this port.
 * @throws PlatformError `port_taken` where another program has it
 */
export async function holdPort(port: number, purpose: string): Promise<HeldPort> {
  const held = await HeldPort.take(port);
  if (held !== undefined) return held;
  throw new PlatformError(
    "port_taken",
    `port ${port} for the ${purpose} is taken by another program; give another one, or none to have a free one found`,
  );
}

/**
 * Holds the wished port or the next free one after it; any free one where 0 is wished.
 * @throws PlatformError `port_taken` where none of {@link PORT_TRIES} is free
 */
export async function holdPortFrom(wished: number, purpose: string): Promise<HeldPort> {
  if (wished === 0) return holdAnyPort();
  const last = Math.min(wished + PORT_TRIES - 1, 65_535);
  for (let port = wished; port <= last; port += 1) {
    const held = await HeldPort.take(port);
    if (held !== undefined) return held;
  }
  throw new PlatformError(
    "port_taken",
    `no free port for the ${purpose} between ${wished} and ${last}`,
  );
}

/** A port that is free now; another program may take it before it is used. */
export async function freePort(): Promise<number> {
  const held = await holdAnyPort();
  await held.release();
  return held.port;
}

/**
 * Not one that the system would give (`listen(0)`): those are of the range that outgoing connections take theirs from,
 * and one may be taken when a service that died wants its port again.
 */
async function holdAnyPort(): Promise<HeldPort> {
  for (;;) {
    const held = await HeldPort.take(randomInt(ANY_FROM, ANY_BELOW));
    if (held !== undefined) return held;
  }
}

import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { PlatformError, systemCode } from "../errors.ts";

/** Ports looked at after the wished one. */
const TRIES = 100;
/** Below the ports of outgoing connections, which begin at 32768 on Linux and at 49152 elsewhere (RFC 6335, 6). */
const ANY_FROM = 16_384;
const ANY_BELOW = 32_768;
const HOST = "127.0.0.1";

/** Hands out ports of 127.0.0.1, none of them twice. */
export class PortPicker {
  readonly #taken = new Set<number>();

  /**
   * The wished port.
   * @throws PlatformError `port_taken` where something listens there already
   */
  async exactly(port: number, purpose: string): Promise<number> {
    if (this.#taken.has(port) || !(await isFree(port))) {
      throw new PlatformError(
        "port_taken",
        `port ${port} for the ${purpose} is taken by another program; give another one, or none to have a free one found`,
      );
    }
    this.#taken.add(port);
    return port;
  }

  /**
   * The wished port or the next free one after it; any free one where 0 is wished.
   * @throws PlatformError `port_taken` where none of 100 is free
   */
  async from(wished: number, purpose: string): Promise<number> {
    if (wished === 0) return this.#any();
    for (let port = wished; port < wished + TRIES && port <= 65_535; port += 1) {
      if (!this.#taken.has(port) && (await isFree(port))) {
        this.#taken.add(port);
        return port;
      }
    }
    throw new PlatformError(
      "port_taken",
      `no free port for the ${purpose} between ${wished} and ${Math.min(wished + TRIES - 1, 65_535)}`,
    );
  }

  /**
   * Not one that the system would give (`listen(0)`): those are of the range that connections take theirs from, and
   * one may be gone again before the service that it is for listens.
   */
  async #any(): Promise<number> {
    for (;;) {
      const port = randomInt(ANY_FROM, ANY_BELOW);
      if (this.#taken.has(port) || !(await isFree(port))) continue;
      this.#taken.add(port);
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EADDRINUSE" || code === "EACCES") return false;
    throw error;
  }
}

/** Listens on a port and lets it go. */
function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve()));
  });
}

import type { PortReleased } from "@tributary/service";
import { z } from "zod";
import { HeldPort, PORT_TRIES } from "../processes/ports.ts";
import type { KeptPort } from "../processes/supervised-process.ts";

const HOST = "127.0.0.1";

/** What `@tributary/service` calls ServiceMessage; a program's channel may carry others. */
const messageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("binds") }),
  z.object({ kind: z.literal("listens"), port: z.number().int().positive() }),
]);

const RELEASED: PortReleased = { kind: "port_released" };

/**
 * Where one instance of a service listens. Its port is held until the process is about to bind it. Another program may
 * still be quicker. At its first start the process then takes the next free port and reports it. A restarted process must
 * have the same port, because others know the address.
 */
export class ServiceAddress implements KeptPort {
  readonly #isExact: boolean;
  #port: number;
  #listens = false;
  #held: Promise<HeldPort | undefined>;
  #letGo = false;

  /** @param isExact whether it must be that port also at the first start */
  constructor(held: HeldPort, isExact: boolean) {
    this.#isExact = isExact;
    this.#port = held.port;
    this.#held = Promise.resolve(held);
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`;
  }

  /** Whether the process has reported its port. */
  get isKnown(): boolean {
    return this.#listens;
  }

  /** The variables that tell the process where to listen. */
  get variables(): Readonly<Record<string, string>> {
    const tries = this.#isExact || this.#listens ? 1 : PORT_TRIES;
    return {
      TRIBUTARY_HOST: HOST,
      TRIBUTARY_PORT: String(this.#port),
      TRIBUTARY_PORT_TRIES: String(tries),
    };
  }

  heard(message: unknown, answer: (message: object) => void): void {
    const read = messageSchema.safeParse(message);
    if (!read.success) return;
    if (read.data.kind === "binds") {
      void this.#release().then(() => answer(RELEASED));
    } else {
      this.#port = read.data.port;
      this.#listens = true;
    }
  }

  keep(): void {
    if (this.#letGo) return;
    // Where another program has the port by now, the process reports that when it starts.
    this.#held = this.#held.then(async (held) => held ?? HeldPort.take(this.#port));
  }

  async letGo(): Promise<void> {
    this.#letGo = true;
    await this.#release();
  }

  async #release(): Promise<void> {
    const releasing = this.#held.then(async (held) => {
      await held?.release();
      return undefined;
    });
    this.#held = releasing;
    await releasing;
  }
}

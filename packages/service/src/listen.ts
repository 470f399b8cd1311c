/** Where a service listens, and how the process that started it learns of it. */
import { EnvironmentError } from "./environment.ts";

/** Where a service is to listen. */
export interface ListenConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How many ports are tried, upward from {@link port}, while they are taken. */
  readonly portTries: number;
  /** The start of a platform that the service belongs to; undefined where it runs by itself. */
  readonly instanceId: string | undefined;
}

/** The values of `listenSettings`. */
export function listenConfig(values: {
  readonly TRIBUTARY_HOST: string;
  readonly TRIBUTARY_PORT: number;
  readonly TRIBUTARY_PORT_TRIES: number;
  readonly TRIBUTARY_INSTANCE_ID: string;
}): ListenConfig {
  return {
    host: values.TRIBUTARY_HOST,
    port: values.TRIBUTARY_PORT,
    portTries: values.TRIBUTARY_PORT_TRIES,
    instanceId: values.TRIBUTARY_INSTANCE_ID || undefined,
  };
}

/** A message of a service to the process that started it, over Node's channel between the two. */
export type ServiceMessage =
  /** It is about to bind its port: the parent releases that now. */
  | { readonly kind: "binds" }
  /** It listens there. */
  | { readonly kind: "listens"; readonly port: number };

/** The answer to `binds`. */
export interface PortReleased {
  readonly kind: "port_released";
}

/** How long a service waits for that answer; it binds then anyway, ms. */
const RELEASE_TIMEOUT_MS = 5000;

/** A server, such as a Fastify instance. */
interface Listener {
  /** @returns the address, `http://127.0.0.1:8080` */
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
}

/**
 * Listens on the configured port, or on the next free one where more may be tried, and reports the port to the process
 * that started this one.
 * @returns the address @throws EnvironmentError where every port tried is taken; any other error of the server
 */
export async function listen(
  server: Listener,
  { host, port, portTries, instanceId }: ListenConfig,
): Promise<string> {
  // Without an instance no platform is at the other end of the channel, and nothing would answer.
  if (instanceId !== undefined && process.send !== undefined) await portReleased();
  const last = port === 0 ? 0 : Math.min(port + portTries - 1, 65_535);
  for (let next = port; ; next += 1) {
    try {
      const address = await server.listen({ host, port: next });
      say({ kind: "listens", port: Number(new URL(address).port) });
      return address;
    } catch (error) {
      if (!isInUse(error)) throw error;
      if (next < last) continue;
      const which = port === last ? `port ${port} is` : `the ports from ${port} to ${last} are`;
      throw new EnvironmentError("TRIBUTARY_PORT", `${which} taken by another program`);
    }
  }
}

function portReleased(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      process.off("message", heard);
      resolve();
    };
    const heard = (message: unknown): void => {
      if (isRecord(message) && message["kind"] === "port_released") done();
    };
    const timer = setTimeout(done, RELEASE_TIMEOUT_MS);
    process.on("message", heard);
    say({ kind: "binds" });
  });
}

function say(message: ServiceMessage): void {
  process.send?.(message);
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

import { fileURLToPath } from "node:url";
import { EXIT_WITH_PARENT, type ProcessSpec } from "./processes/supervised-process.ts";

/** The services, each a package with a `main.ts` beside its index. */
export type ServiceName = "gateway" | "worker" | "reports" | "webhooks";

const READY_TIMEOUT_MS = 900;
const HOST = "127.0.0.1";

/** The program of a service. */
export function serviceMain(service: ServiceName): string {
  return fileURLToPath(new URL("./main.ts", import.meta.resolve(`@tributary/${service}`)));
}

/** How to run one instance of a service. */
export function serviceSpec(options: {
  /** Path of its program. */
  readonly main: string;
  /** Of this instance, such as `worker-1`. */
  readonly name: string;
  readonly port: number;
  readonly logPath: string;
  /** The environment of this process, with what the services are told put over it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}): ProcessSpec {
  const { main, name, port, logPath, env } = options;
  return {
    name,
    command: process.execPath,
    args: ["--import", EXIT_WITH_PARENT, main],
    env: { ...env, TRIBUTARY_HOST: HOST, TRIBUTARY_PORT: String(port) },
    logPath,
    lifeline: "ipc",
    isReady: () => isReady(serviceUrl(port)),
  };
}

export function serviceUrl(port: number): string {
  return `http://${HOST}:${port}`;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, {
      signal: AbortSignal.timeout(READY_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    // Not listening yet, or too busy to answer: it is asked again until the bound, which names the log.
    return false;
  }
}

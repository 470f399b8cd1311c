import { fileURLToPath } from "node:url";
import { askReadiness } from "../client/readiness.ts";
import type { ServiceName } from "../options.ts";
import { EXIT_WITH_PARENT, type ProcessSpec } from "../processes/supervised-process.ts";
import type { ServiceAddress } from "./service-address.ts";

const READY_TIMEOUT_MS = 900;

/** The program of a service. */
export function serviceMain(service: ServiceName): string {
  return fileURLToPath(new URL("./main.ts", import.meta.resolve(`@tributary/${service}`)));
}

/** How to run one instance of a service. */
export function serviceSpec(options: {
  /** Path of its program. */
  readonly main: string;
  /** Whether that is of this revision: an earlier one reports neither its port nor its instance. */
  readonly isOwn: boolean;
  /** Of this instance, such as `worker-1`. */
  readonly name: string;
  readonly address: ServiceAddress;
  /** Of the platform's start. */
  readonly instanceId: string;
  readonly logPath: string;
  /** The environment of this process, overlaid with the settings of the service. */
  readonly env: Readonly<Record<string, string | undefined>>;
}): ProcessSpec {
  const { main, isOwn, name, address, instanceId, logPath, env } = options;
  return {
    name,
    command: process.execPath,
    args: ["--import", EXIT_WITH_PARENT, main],
    env: () => ({ ...env, ...address.variables, TRIBUTARY_INSTANCE_ID: instanceId }),
    logPath,
    lifeline: "ipc",
    port: address,
    isReady: async () => {
      if (isOwn && !address.isKnown) return false;
      const answer = await askReadiness(address.url, READY_TIMEOUT_MS);
      if (answer === undefined || !answer.isReady) return false;
      return answer.instanceId === instanceId || (!isOwn && answer.instanceId === undefined);
    },
  };
}

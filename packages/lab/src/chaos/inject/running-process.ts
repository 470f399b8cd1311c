import { identify, isAlive, type Platform, type ProcessIdentity } from "@tributary/platform";
import { until } from "./effects.ts";

/** A platform's process that lives now; undefined where there is none of that name. */
export function identityOf(platform: Platform, name: string): ProcessIdentity | undefined {
  const pid = platform.processes().find((process) => process.name === name)?.pid;
  const identity = pid === undefined ? undefined : identify(pid);
  return identity !== undefined && isAlive(identity) ? identity : undefined;
}

/** Waits until a process runs. @throws Error where it does not within 30 s */
export async function runningProcess(platform: Platform, name: string): Promise<ProcessIdentity> {
  let identity: ProcessIdentity | undefined;
  await until(`${name} runs`, () => {
    identity = identityOf(platform, name);
    return Promise.resolve(identity !== undefined);
  });
  if (identity === undefined) throw new Error(`${name} does not run`);
  return identity;
}

/** Which platform a service belongs to: `/readyz` names its start. */
import { z } from "zod";

const answerSchema = z.object({ instance: z.string().optional() });

/** The answer of a service. */
export interface Readiness {
  readonly isReady: boolean;
  /** The start of a platform that it belongs to; undefined where it was started by itself. */
  readonly instanceId: string | undefined;
}

/** @returns undefined where nothing answers within the time, or what answers is no service of ours */
export async function askReadiness(url: string, timeoutMs: number): Promise<Readiness | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(timeoutMs) });
    const { instance } = answerSchema.parse(await response.json());
    return { isReady: response.status === 200, instanceId: instance };
  } catch {
    // Not listening yet, too busy to answer, or another program: the caller asks again, or reports the address.
    return undefined;
  }
}

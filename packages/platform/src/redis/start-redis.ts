import { PlatformError } from "../errors.ts";
import type { ChildProcesses } from "../processes/child-processes.ts";
import { HeldPort, holdPort, holdPortFrom } from "../processes/ports.ts";
import { findRedisServer, redisSpec } from "./redis-server.ts";

/** Starts that lose their port to another program, before the start as a whole is given up. */
const MAX_TRIES = 20;
const DEFAULT_PORT = 6379;

/**
 * Starts Redis on a folder of its own and waits until that very process is ready.
 * @returns its port
 * @throws PlatformError `redis_missing`, `port_taken`, `usage`, `service_failed`
 */
export async function startRedis(
  children: ChildProcesses,
  options: {
    /** The port, exactly; undefined for 6379 or the next free one, 0 for any. */
    readonly port: number | undefined;
    readonly isAnyPort: boolean;
    readonly dir: string;
    readonly logPath: string;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
  signal: AbortSignal,
): Promise<number> {
  const { port: exact, isAnyPort, dir, logPath, env } = options;
  const program = await findRedisServer(env);
  let wished = isAnyPort ? 0 : DEFAULT_PORT;
  for (let tries = 1; ; tries += 1) {
    const held =
      exact === undefined ? await holdPortFrom(wished, "Redis") : await holdPort(exact, "Redis");
    const { port } = held;
    const redis = children.add(redisSpec({ program, port, dir, logPath, env }));
    // Redis binds within milliseconds. A program that is quicker still makes it end.
    await held.release();
    try {
      await redis.start(signal);
      return port;
    } catch (error) {
      children.remove(redis);
      const isLost = !signal.aborted && (await isTaken(port));
      if (!isLost || tries >= MAX_TRIES) throw error;
      if (exact !== undefined) {
        throw new PlatformError("port_taken", `another program was quicker to take port ${exact}`);
      }
      wished = isAnyPort ? 0 : port + 1;
    }
  }
}

async function isTaken(port: number): Promise<boolean> {
  const held = await HeldPort.take(port);
  await held?.release();
  return held === undefined;
}

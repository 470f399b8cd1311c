import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RedisClient } from "./client.ts";

/**
 * A Lua script of ours: sent by its hash, and whole only where the server does not know it yet. Those that keep leases
 * and membership are flagged `allow-oom`: where Redis has reached its `maxmemory` commits wait, but nobody loses a
 * partition for it.
 */
export class Script {
  readonly #text: string;
  readonly #hash: string;

  /** @param file the Lua source, which lies beside the file that runs it */
  constructor(file: URL) {
    this.#text = readFileSync(file, "utf8");
    this.#hash = createHash("sha1").update(this.#text).digest("hex");
  }

  /** Runs the script. All keys must be in one slot. */
  async run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args.map(toArgument)];
    try {
      return await client.call("EVALSHA", [this.#hash, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return client.call("EVAL", [this.#text, ...rest]);
    }
  }
}

function toArgument(value: string | number | Uint8Array): string | number | Buffer {
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}

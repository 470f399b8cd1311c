import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RedisClient } from "./client.ts";

/** Lua functions that several scripts use: what lies in `lua/`, in the order in which they need each other. */
const FRAGMENTS = {
  streams: ["streams.lua"],
  acknowledged: ["streams.lua", "acknowledged.lua"],
} as const;

/** Which of {@link FRAGMENTS} a script uses. */
export type ScriptFragments = keyof typeof FRAGMENTS;

/**
 * A Lua script of ours: sent by its hash, and whole only where the server does not know it yet. Those that keep leases
 * and membership are flagged `allow-oom`: where Redis has reached its `maxmemory` commits wait, but nobody loses a
 * partition for it.
 */
export class Script {
  readonly #text: string;
  readonly #hash: string;

  /**
   * @param file the Lua source, which lies beside the file that runs it
   * @param uses functions of `lua/` that the source calls
   */
  constructor(file: URL, uses?: ScriptFragments) {
    this.#text = joined(readFileSync(file, "utf8"), uses);
    this.#hash = createHash("sha1").update(this.#text).digest("hex");
  }

  /** Runs the script. All keys must be in one slot. */
  async run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    return this.#run((command, rest) => client.call(command, rest), keys, args);
  }

  /** As {@link run}; texts of the reply are bytes. */
  async runBuffer(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    return this.#run((command, rest) => client.callBuffer(command, rest), keys, args);
  }

  async #run(
    call: (command: string, rest: (string | number | Buffer)[]) => Promise<unknown>,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args.map(toArgument)];
    try {
      return await call("EVALSHA", [this.#hash, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return call("EVAL", [this.#text, ...rest]);
    }
  }
}

/** The source behind the functions that it uses. Flags stay the first line, where Redis looks for them. */
function joined(source: string, uses: ScriptFragments | undefined): string {
  if (uses === undefined) return source;
  const fragments = FRAGMENTS[uses].map((name) =>
    readFileSync(new URL(`./lua/${name}`, import.meta.url), "utf8"),
  );
  const flags = /^#!.*\n/.exec(source)?.[0] ?? "";
  return [flags, ...fragments, source.slice(flags.length)].join("");
}

function toArgument(value: string | number | Uint8Array): string | number | Buffer {
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}

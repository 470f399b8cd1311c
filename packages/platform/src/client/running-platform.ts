/** DIR/platform.json: who runs the platform of a data folder, and where it answers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemCode } from "../errors.ts";
import { isAlive } from "./process-identity.ts";

const identity = z.object({
  pid: z.number().int().positive(),
  startedTicks: z.string().nullable(),
});

const stateSchema = z.object({
  ...identity.shape,
  /** Of this start, which its services repeat; empty where an earlier version wrote the file. */
  instanceId: z.string().default(""),
  /** ISO 8601. */
  startedAt: z.string(),
  /** False until every service answers. */
  ready: z.boolean(),
  gatewayUrl: z.string(),
  reportsUrl: z.string(),
  /** Absent where no webhooks are sent. */
  webhooksUrl: z.string().optional(),
  /** As the services use it. The file is readable by its owner alone: it may hold a password. */
  redisUrl: z.string(),
  workers: z.array(z.object({ name: z.string(), url: z.string() })),
  processes: z.array(z.object({ name: z.string(), ...identity.shape })),
});

export type PlatformState = z.infer<typeof stateSchema>;

/** The file of a data folder. */
export function stateFilePath(dataDir: string): string {
  return join(dataDir, "platform.json");
}

/**
 * The platform that runs on a data folder, or undefined where none does (a file left behind by one that was
 * killed counts as none).
 */
export function readRunningPlatform(dataDir: string): PlatformState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFilePath(dataDir), "utf8");
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const state = parseState(text);
  return state !== undefined && isAlive(state) ? state : undefined;
}

/** Parses such a file; undefined for another program's. */
export function parseState(text: string): PlatformState | undefined {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    // The file is written in one step, so it is not half of one; its processes are unknown.
    return undefined;
  }
}

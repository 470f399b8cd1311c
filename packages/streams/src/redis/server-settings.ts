import { Cluster, type Redis } from "ioredis";
import type { RedisClient } from "./client.ts";

/** What an operator takes of a Redis server. */
export interface RedisRules {
  /** Whether it may evict keys when its memory is full, and with them what was accepted. */
  readonly evictionAllowed: boolean;
  /** Whether it must write an append-only file. */
  readonly durable: boolean;
  /** How often the settings are read while a service runs, ms. */
  readonly checkMs: number;
}

/** What a server says of itself; undefined where it does not say it. */
export interface ServerSettings {
  /** The node of a cluster, `host:port`; "" where there is one server. */
  readonly node: string;
  readonly version: string | undefined;
  readonly role: string | undefined;
  readonly evictionPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
}

export const SERVER_FAULTS = ["version", "replica", "eviction", "append_only", "unknown"] as const;

/** What is wrong with a server's settings. */
export interface ServerFault {
  readonly fault: (typeof SERVER_FAULTS)[number];
  /** Whether a service does not start with it, and is not ready; else it is a warning. */
  readonly refused: boolean;
  /** One sentence: what is so, what follows, and what to do. */
  readonly message: string;
}

const OLDEST_MAJOR = 7;

/** Reads the settings of the server, or of each master of a cluster. INFO gives them also where CONFIG is forbidden. */
export async function readServerSettings(client: RedisClient): Promise<ServerSettings[]> {
  if (!(client instanceof Cluster)) return [await settingsOf(client, "")];
  return Promise.all(
    client
      .nodes("master")
      .map(async (node) => settingsOf(node, `${node.options.host}:${node.options.port}`)),
  );
}

/** Faults of a server's settings by the rules; a setting that the server does not report is a warning. */
export function faultsOf(settings: ServerSettings, rules: RedisRules): ServerFault[] {
  const { version, role, evictionPolicy, appendOnly } = settings;
  const server = settings.node === "" ? "this Redis" : `the Redis node ${settings.node}`;
  const faults: ServerFault[] = [];
  const add = (fault: ServerFault["fault"], refused: boolean, message: string): void => {
    faults.push({ fault, refused, message: `${server} ${message}` });
  };
  // Valkey reports the Redis version that it is compatible with.
  if (version !== undefined && !(Number(version.split(".")[0]) >= OLDEST_MAJOR)) {
    add("version", true, `is version ${version}: use Redis ${OLDEST_MAJOR}.0 or later, or Valkey`);
  }
  if (role === "slave") {
    add("replica", true, "is a read-only replica: set REDIS_URL to its master");
  }
  if (evictionPolicy !== undefined && evictionPolicy !== "noeviction") {
    const what = `evicts keys when its memory is full (maxmemory-policy ${evictionPolicy}), and with them events that were accepted`;
    const allowed = "TRIBUTARY_REDIS_EVICTION=allowed";
    if (rules.evictionAllowed) {
      add("eviction", false, `${what}; ${allowed} lets it: set maxmemory-policy noeviction`);
    } else add("eviction", true, `${what}: set maxmemory-policy noeviction, or ${allowed}`);
  }
  if (appendOnly === false) {
    const what = "writes no append-only file, and loses its data when it ends";
    const must = rules.durable ? ", which TRIBUTARY_REDIS_DURABLE=on asks for" : "";
    add("append_only", rules.durable, `${what}: set appendonly yes${must}`);
  }
  const unknown = [
    ...(version === undefined ? ["its version"] : []),
    ...(role === undefined ? ["whether it is a replica"] : []),
    ...(evictionPolicy === undefined ? ["its maxmemory-policy, which must be noeviction"] : []),
    ...(appendOnly === undefined ? ["whether it writes an append-only file"] : []),
  ];
  if (unknown.length > 0) {
    const message = `does not tell ${unknown.join("; ")}: check it by hand, or allow the user INFO`;
    add("unknown", false, message);
  }
  return faults;
}

async function settingsOf(server: Redis, node: string): Promise<ServerSettings> {
  const info = await infoOf(server);
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
  const appendOnly = field("aof_enabled");
  return {
    node,
    version: field("redis_version"),
    role: field("role"),
    evictionPolicy: field("maxmemory_policy"),
    appendOnly: appendOnly === undefined ? undefined : appendOnly === "1",
  };
}

/** What INFO says; nothing where the user may not ask. @throws the client's other errors */
async function infoOf(server: Redis): Promise<string> {
  try {
    return await server.info();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
    throw error;
  }
}

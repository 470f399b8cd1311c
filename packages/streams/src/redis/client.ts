import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, Redis, type RedisOptions } from "ioredis";

/** One server, or a cluster: the same commands. */
export type RedisClient = Redis | Cluster;

const SLOTS_REFRESH_MS = 2000;
const LOADING_RETRY_MS = 50;
/** A connection on which a command has waited this much longer than it may is given up, ms. */
const SILENCE_MS = 100;

/** Settings of the connections that one server and a cluster's nodes share. */
type ConnectionSettings = Pick<
  RedisOptions,
  | "protocol"
  | "connectionName"
  | "commandTimeout"
  | "blockingTimeout"
  | "socketTimeout"
  | "maxLoadingRetryTime"
  | "autoResendUnfulfilledCommands"
  | "maxRetriesPerRequest"
  | "noDelay"
  | "connectTimeout"
>;

export interface ConnectOptions {
  /** Name that `CLIENT LIST` shows. */
  readonly name: string;
  /** A command without an answer for this long fails, ms. */
  readonly commandTimeoutMs: number;
}

/**
 * A client that never decides by itself to send a command twice. ioredis's defaults resend what was in flight after a
 * reconnect, which doubles an XADD, and queue without bound while the server is unavailable. Here both fail at once, and
 * the caller decides whether the command may be sent again.
 * @param url `redis://[user:password@]host:port[/db]`, `rediss://…`, or several separated by commas for a cluster
 */
export function connectRedis(url: string, options: ConnectOptions): RedisClient {
  const shared = {
    // RESP3 gives XREADGROUP's answer as a map, which calls by command name then see flattened.
    protocol: 2 as const,
    connectionName: options.name,
    commandTimeout: options.commandTimeoutMs,
    // Where the other end is gone without a word, only a new connection helps: the old one may take minutes to break.
    socketTimeout: options.commandTimeoutMs + SILENCE_MS,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    noDelay: true,
    connectTimeout: 5000,
    // A server that reads its file says so; by default it is asked again after a second at the least.
    maxLoadingRetryTime: LOADING_RETRY_MS,
  };
  const urls = url.split(",").map((part) => part.trim());
  const single = { ...shared, enableOfflineQueue: false, retryStrategy: backoff };
  return listening(urls.length > 1 ? clusterOf(urls, shared) : new Redis(urls[0] ?? "", single));
}

/**
 * A second connection with the same settings, for blocking reads: they must not share one with other commands.
 * @param blockMs the longest a read blocks; a dead connection is noticed a little later
 */
export function duplicateForBlocking(client: RedisClient, blockMs: number): RedisClient {
  const timeouts = {
    commandTimeout: blockMs + 2000,
    blockingTimeout: blockMs + 1000,
    socketTimeout: blockMs + 1000 + SILENCE_MS,
  };
  return listening(
    client instanceof Cluster
      ? client.duplicate([], { redisOptions: timeouts })
      : client.duplicate(timeouts),
  );
}

/** By client the code with which Redis refuses its user or password. */
const REFUSALS = new WeakMap<RedisClient, string>();
const REFUSED = /\b(WRONGPASS|NOAUTH|NOPERM)\b/;

/** The code with which Redis refuses a client's user or password, `WRONGPASS` for one; undefined where it does not. */
export function refusedLogin(client: RedisClient): string | undefined {
  return REFUSALS.get(client);
}

/** Why a client is not ready, in a sentence for who starts a service. */
export function connectionFault(client: RedisClient): string {
  const refused = refusedLogin(client);
  return refused === undefined
    ? "no connection to Redis; is REDIS_URL right?"
    : `Redis refuses the user or the password of REDIS_URL (${refused})`;
}

function listening<Client extends RedisClient>(client: Client): Client {
  // Without a listener an error event ends the process. What it says reaches callers through their own commands, but for a
  // password that is wrong: nobody's command is even sent.
  client.on("error", ({ message }: Error) => {
    const [, code] = REFUSED.exec(message) ?? [];
    if (code !== undefined) REFUSALS.set(client, code);
  });
  client.on("ready", () => REFUSALS.delete(client));
  if (client instanceof Cluster) {
    // By default a master is connected to when the first command comes, and those right behind it are refused. A command
    // that was redirected to a new node connects to it in this very turn, and must not find it connecting.
    client.on("+node", (node: Redis) => {
      queueMicrotask(() => {
        if (node.options.readOnly === true || node.status !== "wait") return;
        node.connect().catch(() => undefined); // its commands say so
      });
    });
  }
  return client;
}

/**
 * Whether commands can be sent right now: to the server, or to some node of a cluster. The commands for a node that is
 * away fail by themselves.
 */
export function redisReady(client: RedisClient): boolean {
  return client.status === "ready";
}

/** What a client has at hand. */
export interface ClientUse {
  /** Connections that take commands. */
  readonly connections: number;
  /** Commands without an answer yet. */
  readonly commands: number;
}

/** What a client does right now: one connection, or those to a cluster's nodes. */
export function clientUse(client: RedisClient): ClientUse {
  const nodes = client instanceof Cluster ? client.nodes("all") : [client];
  return {
    connections: nodes.filter(({ status }) => status === "ready").length,
    commands: nodes.reduce((sum, node) => sum + commandsOf(node), 0),
  };
}

/** The queue is not part of ioredis's types. */
function commandsOf(node: Redis): number {
  const { commandQueue } = node as unknown as { commandQueue?: { readonly length: number } };
  return commandQueue?.length ?? 0;
}

/**
 * Waits until the client is connected, to all masters of a cluster that answer.
 * @returns false when it was not within `timeoutMs`, or Redis refuses its user or password: {@link connectionFault}
 */
export async function waitUntilReady(
  client: RedisClient,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!redisReady(client) || mastersConnect(client)) {
    // A master that does not answer must not keep the others from being used.
    if (performance.now() >= deadline || signal?.aborted === true) return redisReady(client);
    // Another try brings the same answer.
    if (REFUSALS.has(client)) return false;
    await sleep(10);
  }
  return true;
}

/** Whether a cluster's client is about to connect to a master: until then it refuses that one's commands. */
function mastersConnect(client: RedisClient): boolean {
  return (
    client instanceof Cluster && client.nodes("master").some(({ status }) => status !== "ready")
  );
}

/** Wait before the n-th attempt to connect again, ms: a server that is back should be noticed at once. */
function backoff(attempt: number): number {
  return Math.min(20 * attempt, 200);
}

function clusterOf(urls: readonly string[], shared: ConnectionSettings): Cluster {
  const nodes = urls.map((url) => {
    const parsed = new URL(url);
    return { host: parsed.hostname, port: Number(parsed.port === "" ? "6379" : parsed.port) };
  });
  const first = new URL(urls[0] ?? "");
  return new Cluster(nodes, {
    redisOptions: {
      ...shared,
      ...(first.username === "" ? {} : { username: decodeURIComponent(first.username) }),
      ...(first.password === "" ? {} : { password: decodeURIComponent(first.password) }),
      ...(first.protocol === "rediss:" ? { tls: {} } : {}),
    },
    enableOfflineQueue: false,
    clusterRetryStrategy: backoff,
    // MOVED, ASK, TRYAGAIN and CLUSTERDOWN come from a node that did nothing: ioredis may send those again, and does. A
    // connection that broke may have carried the command out, and by default is answered by sending it again as well.
    retryDelayOnFailover: 0,
    // A node that hangs, or is cut off, sends no MOVED when its replica has taken over: ask the others.
    slotsRefreshInterval: SLOTS_REFRESH_MS,
  });
}

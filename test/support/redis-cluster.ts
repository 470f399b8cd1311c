import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, Redis } from "ioredis";
import { freePort } from "./redis-server.ts";

const SLOTS = 16_384;
const READY_MS = 20_000;

/** A process of the cluster, and a connection to it for the test's own commands. */
export interface ClusterNode {
  readonly port: number;
  readonly id: string;
  readonly redis: Redis;
  /** Ends it as a crash does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. */
  start(): Promise<void>;
}

/** A real Redis Cluster: masters with a replica each, with append-only files in a folder of their own. */
export interface RedisCluster {
  /** The masters' addresses, as REDIS_URL takes them. */
  readonly url: string;
  readonly masters: readonly ClusterNode[];
  /** `replicas[i]` is of `masters[i]`. */
  readonly replicas: readonly ClusterNode[];
  /** The master that a key lived on when the cluster began. */
  masterOf(key: string): number;
  /** Waits until a replica has taken its killed master's place. @returns how long that took, ms */
  untilFailedOver(master: number): Promise<number>;
  /**
   * Moves a slot under the clients' eyes, key by key, so that for a while part of it is here and part there.
   * @param pauseMs after each key
   * @param emptied called when all keys have moved, and the slot not yet
   */
  migrateSlot(
    slot: number,
    from: ClusterNode,
    to: ClusterNode,
    pauseMs: number,
    emptied?: () => Promise<void>,
  ): Promise<void>;
  /** Kills every process and removes the folder. */
  stop(): Promise<void>;
}

/** The slot that a key belongs to. */
export function slotOf(key: string): number {
  return new Command("get", [key]).getSlot() ?? 0;
}

/** Starts a cluster with as many replicas as masters, and waits until every node says that it is well. */
export async function startRedisCluster(masters: number): Promise<RedisCluster> {
  const dir = mkdtempSync(join(tmpdir(), "tributary-cluster-"));
  const nodes: (ClusterNode & { readonly busPort: number })[] = [];
  const stop = async (): Promise<void> => {
    for (const { redis } of nodes) redis.disconnect();
    await Promise.all(nodes.map(async (node) => node.kill()));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (let i = 0; i < masters * 2; i += 1) nodes.push(await startNode(dir));
    await formCluster(nodes, masters);
  } catch (error) {
    await stop();
    throw error;
  }
  const mastersOf = nodes.slice(0, masters);
  const replicas = nodes.slice(masters);
  return {
    url: mastersOf.map(({ port }) => `redis://127.0.0.1:${port}`).join(","),
    masters: mastersOf,
    replicas,
    masterOf: (key) => Math.floor((slotOf(key) * masters) / SLOTS),
    async untilFailedOver(master) {
      const startedAt = performance.now();
      const { redis } = replicas[master] as ClusterNode;
      await until("the replica to take over", async () => (await redis.role())[0] === "master");
      return performance.now() - startedAt;
    },
    async migrateSlot(slot, from, to, pauseMs, emptied) {
      await to.redis.cluster("SETSLOT", slot, "IMPORTING", from.id);
      await from.redis.cluster("SETSLOT", slot, "MIGRATING", to.id);
      for (;;) {
        const [key] = await from.redis.cluster("GETKEYSINSLOT", slot, 1);
        if (key === undefined) break;
        await from.redis.migrate("127.0.0.1", to.port, key, 0, 5000);
        await sleep(pauseMs);
      }
      await emptied?.();
      await to.redis.cluster("SETSLOT", slot, "NODE", to.id);
      for (const node of mastersOf) await node.redis.cluster("SETSLOT", slot, "NODE", to.id);
    },
    stop,
  };
}

/** Slots to the masters, a replica to each, and everybody known to everybody. */
async function formCluster(
  nodes: readonly (ClusterNode & { readonly busPort: number })[],
  masters: number,
): Promise<void> {
  const bound = (master: number): number => Math.ceil((master * SLOTS) / masters);
  for (const [i, { redis }] of nodes.entries()) {
    await redis.cluster("SET-CONFIG-EPOCH", i + 1);
    if (i < masters) await redis.call("CLUSTER", "ADDSLOTSRANGE", bound(i), bound(i + 1) - 1);
    for (const other of nodes.slice(0, i)) {
      await redis.call("CLUSTER", "MEET", "127.0.0.1", other.port, other.busPort);
    }
  }
  const all = async (field: RegExp): Promise<boolean> => {
    const infos = await Promise.all(nodes.map(async ({ redis }) => redis.cluster("INFO")));
    return infos.every((info) => field.test(info));
  };
  await until("the nodes to know each other", () =>
    all(new RegExp(`cluster_known_nodes:${nodes.length}\\r`)),
  );
  for (const [i, { redis }] of nodes.slice(masters).entries()) {
    const { id } = nodes[i] as ClusterNode;
    // The other's name may still be on its way.
    await until("a replica to find its master", async () => {
      try {
        return (await redis.cluster("REPLICATE", id)) === "OK";
      } catch (error) {
        if (error instanceof Error && error.message.includes("Unknown node")) return false;
        throw error;
      }
    });
  }
  await until("the cluster to be well", () => all(/cluster_state:ok/));
  await until("the replicas to follow", async () => {
    const roles = await Promise.all(nodes.slice(masters).map(async ({ redis }) => redis.role()));
    return roles.every(([role, , , state]) => role === "slave" && state === "connected");
  });
}

async function startNode(parent: string): Promise<ClusterNode & { readonly busPort: number }> {
  const [port, busPort] = [await freePort(), await freePort()];
  const dir = join(parent, String(port));
  mkdirSync(dir);
  const settings = {
    port,
    bind: "127.0.0.1",
    dir,
    save: "",
    appendonly: "yes",
    "cluster-enabled": "yes",
    "cluster-port": busPort,
    "cluster-node-timeout": 2000,
    // A slot without a node must not stop the others.
    "cluster-require-full-coverage": "no",
    "repl-diskless-sync-delay": 0,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let child: ChildProcess | undefined;
  const redis = new Redis(port, { protocol: 2, retryStrategy: () => 100, lazyConnect: true });
  // A node that was killed is connected to again, once it is started.
  redis.on("error", () => undefined);
  const start = async (): Promise<void> => {
    child = spawn("redis-server", args, { stdio: "ignore" });
    await until(`the node at ${port} to answer`, async () => answers(port));
  };
  await start();
  return {
    port,
    busPort,
    id: await redis.cluster("MYID"),
    redis,
    start,
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const probe = new Redis(port, { retryStrategy: () => null, lazyConnect: true });
  probe.on("error", () => undefined);
  try {
    await probe.connect();
    return (await probe.ping()) === "PONG";
  } catch {
    return false; // not listening yet, or reading its file
  } finally {
    probe.disconnect();
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${READY_MS} ms for ${what}`);
    await sleep(25);
  }
}

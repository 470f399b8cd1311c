import { Cluster, type Redis } from "ioredis";
import type { RedisClient } from "../redis/client.ts";
import { faultsOf, type RedisRules, readServerSettings } from "../redis/server-settings.ts";
import type { Finding, FindingCode } from "./finding.ts";

const CODES = {
  version: "redis_version",
  replica: "redis_replica",
  eviction: "redis_eviction",
  append_only: "redis_append_only",
  unknown: "redis_unknown",
} as const satisfies Readonly<Record<string, FindingCode>>;

const FULL_SHARE = 0.9;
const MOST_DIFFERENCE_MS = 5000;

/** What is not as it should be with Redis itself: its settings, its file, its memory, its clock. */
export async function serverFindings(client: RedisClient, rules: RedisRules): Promise<Finding[]> {
  const settings = await readServerSettings(client);
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  const ofSettings = settings.flatMap((of) =>
    faultsOf(of, rules).map(({ fault, message }): Finding => {
      return { code: CODES[fault], subject: nameOf(of.node), detail: message };
    }),
  );
  const ofNodes = await Promise.all(nodes.map(async (node) => nodeFindings(node)));
  return [...ofSettings, ...ofNodes.flat()];
}

async function nodeFindings(node: Redis): Promise<Finding[]> {
  const { host = "", port = 0 } = node.options;
  const subject = nameOf(`${host}:${port}`);
  const askedMs = Date.now();
  const [seconds = 0, micros = 0] = await node.time();
  const info = await node.info().catch((error: unknown) => {
    // A user that may not ask is said to be one by the settings.
    if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
    throw error;
  });
  const field = (name: string): string => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1] ?? "";
  const findings: Finding[] = [];
  const failing = ["aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"]
    .filter((name) => field(name) === "err")
    .map((name) => `${name}:err`);
  if (failing.length > 0) {
    findings.push({ code: "redis_writes_fail", subject, detail: `it says ${failing.join(", ")}` });
  }
  const [used, most] = [Number(field("used_memory")), Number(field("maxmemory"))];
  if (most > 0 && used >= most * FULL_SHARE) {
    const share = Math.round((used / most) * 100);
    const detail = `${share} % of ${Math.round(most / 2 ** 20)} MiB are used`;
    findings.push({ code: "redis_memory", subject, detail });
  }
  const behindMs = askedMs - (Number(seconds) * 1000 + Number(micros) / 1000);
  if (Math.abs(behindMs) > MOST_DIFFERENCE_MS) {
    const way = behindMs > 0 ? "behind" : "ahead of";
    const detail = `its clock is ${(Math.abs(behindMs) / 1000).toFixed(1)} s ${way} this machine's`;
    findings.push({ code: "clock_differs", subject, detail });
  }
  return findings;
}

function nameOf(node: string): string {
  return node === "" ? "Redis" : `Redis ${node}`;
}

/** A worker that one entry kills: its processor ends the whole process on a block that says "kill". */
import { createLogger } from "@tributary/telemetry";
import {
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  GroupMember,
  type StreamEntry,
  waitUntilReady,
} from "../../src/index.ts";

const [url = "", partitions = "1"] = process.argv.slice(2);
const client = connectRedis(url, { name: "killed", commandTimeoutMs: 2000 });
await waitUntilReady(client, 5000);
const member = new GroupMember(
  client,
  {
    restore: async () => undefined,
    forget: async () => undefined,
    process: async (_partition: number, entries: readonly StreamEntry[]) => {
      for (const { block } of entries) {
        if (Buffer.from(block).toString() === "kill") process.kill(process.pid, "SIGKILL");
      }
      const events = entries.reduce((sum, { count }) => sum + count, 0);
      const books = new Map([
        ["books:default:accepted", events],
        ["books:default:processed", events],
      ]);
      return { facts: undefined, results: [], books };
    },
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  },
  {
    worker: "w1",
    partitions: Number(partitions),
    leaseMs: 900,
    heartbeatMs: 100,
    consumer: { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 200 },
  },
  createLogger({ service: "test", instance: "t", level: "silent" }),
);
member.start();

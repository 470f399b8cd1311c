/** Rids partition 1 of what was erased, a page at a time, until somebody kills the process. */
import { createLogger } from "@tributary/telemetry";
import { setTimeout as sleep } from "node:timers/promises";
import { connectRedis, waitUntilReady } from "../../src/index.ts";
import { FactEraser } from "../../src/fact-log/eraser.ts";

const [url = "", epoch = ""] = process.argv.slice(2);
const client = connectRedis(url, { name: "killed", commandTimeoutMs: 2000 });
await waitUntilReady(client, 5000);
const lease = { partition: 1, worker: "w1", epoch, committedId: "0-0" };
const logger = createLogger({ service: "test", instance: "t", level: "silent" });
const eraser = new FactEraser(client, lease, 0, logger);
for (;;) {
  await eraser.step();
  await sleep(50);
}

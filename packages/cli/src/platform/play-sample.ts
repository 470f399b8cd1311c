import { MODEL_NAMES } from "@tributary/attribution";
import { BUNDLED_SAMPLE, generateSample } from "@tributary/lab/sample";
import type { Platform } from "@tributary/platform";
import type { TributaryEvent } from "@tributary/protocol";
import type { AttributionReport } from "@tributary/reports/answers";
import { GatewayClient } from "../client/gateway-client.ts";
import { ReportsClient } from "../client/reports-client.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { figure } from "../terminal/figures.ts";
import { renderReport } from "../report/table.ts";
import { startProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

const BATCH = 500;
const CONCURRENCY = 4;
/** The bundled sample takes seconds; after this long something is wrong, ms. */
const SAMPLE_TIMEOUT_MS = 180_000;

/**
 * Sends the bundled sample to a platform, waits until it is attributed, and prints the report.
 * @throws CliError `refused` where the gateway refuses one of its events, `timeout` where it takes too long
 */
export async function playSample(
  platform: Platform,
  { terminal, config }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { key, readKey } = config();
  const deadlineMs = Date.now() + SAMPLE_TIMEOUT_MS;
  const client = new GatewayClient({
    url: platform.gatewayUrl,
    key,
    connections: CONCURRENCY,
    signal,
    deadlineMs,
  });
  try {
    await sendSample(client, terminal);
  } finally {
    await client.close();
  }
  terminal.note("waiting until everything is attributed");
  const reports = new ReportsClient(platform.reportsUrl, readKey, signal);
  await reports.settled(deadlineMs);
  terminal.print(sampleTable(await reports.attribution({ models: MODEL_NAMES, by: ["channel"] })));
}

async function sendSample(client: GatewayClient, terminal: Terminal): Promise<void> {
  const events = generateSample(BUNDLED_SAMPLE);
  const progress = startProgress(terminal, "playing the sample", events.length);
  let next = 0;
  let accepted = 0;
  const lane = async (): Promise<void> => {
    while (next < events.length) {
      const batch: readonly TributaryEvent[] = events.slice(next, next + BATCH);
      next += batch.length;
      const outcome = await client.send(batch);
      accepted += outcome.accepted;
      const refusal = outcome.refused[0];
      if (refusal !== undefined) {
        throw new CliError(
          "refused",
          `the gateway refused an event of the sample: ${refusal.field}: ${refusal.reason}`,
        );
      }
      progress.update(accepted, `${figure(accepted)} events accepted`);
    }
  };
  try {
    const lanes = await Promise.allSettled(Array.from({ length: CONCURRENCY }, lane));
    for (const result of lanes) if (result.status === "rejected") throw result.reason;
  } finally {
    progress.end();
  }
}

function sampleTable(report: AttributionReport): string {
  return `${renderReport(report, MODEL_NAMES, ["channel"])}\n`;
}

import { MODEL_NAMES } from "@tributary/attribution";
import type { TributaryEvent } from "@tributary/protocol";
import type { Command } from "commander";
import { GatewayClient } from "../../client/gateway-client.ts";
import type { AttributionReport } from "@tributary/reports/answers";
import { ReportsClient } from "../../client/reports-client.ts";
import { CliError } from "../../errors.ts";
import type { Platform } from "@tributary/platform";
import type { CommandContext } from "../../program.ts";
import { renderReport } from "../../report/table.ts";
import { BUNDLED_SAMPLE, generateSample } from "@tributary/lab/sample";
import { startProgress } from "../../terminal/progress.ts";
import { takeInterrupts } from "@tributary/platform/client";
import type { Terminal } from "../../terminal/terminal.ts";
import { addPlatformOptions, overview, type PlatformFlags } from "../../options/platform.ts";
import { firstSteps } from "../../platform/first-steps.ts";
import { servePlatform } from "./up.ts";

interface StartFlags extends PlatformFlags {
  readonly once?: true;
  /** False with --no-sample. */
  readonly sample: boolean;
}

const BATCH = 500;
const CONCURRENCY = 4;
/** The bundled sample takes seconds; this long means that something is wrong, ms. */
const SAMPLE_TIMEOUT_MS = 180_000;

export function startCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("start")
    .description(
      "run the platform, play the bundled sample through it, show its attribution (npm start)",
    )
    .option("--once", "stop after the table")
    .option("--no-sample", "only serve");
  addPlatformOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary start
  tributary start --once
  tributary start --no-sample --workers 2

The sample is invented: 2,000 users of a shop in October 2026. Its events have fixed IDs, so playing it again into
the same data folder changes nothing.`,
    )
    .action(async (flags: StartFlags) => {
      const interrupt = takeInterrupts();
      try {
        await servePlatform(flags, context, interrupt, async (platform, signal) => {
          if (flags.sample) await playSample(platform, context, signal);
          if (flags.once === true) return "done";
          context.terminal.print(
            `The platform is up; Ctrl-C stops it.\n${overview(platform)}\n\n${firstSteps(platform)}`,
          );
          return "serve";
        });
      } finally {
        interrupt.dispose();
      }
    });
}

async function playSample(
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
      progress.update(accepted, `${accepted.toLocaleString("en-US")} events accepted`);
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

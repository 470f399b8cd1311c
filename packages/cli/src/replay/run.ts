import { GatewayClient } from "../client/gateway-client.ts";
import { ReportsClient } from "../client/reports-client.ts";
import type { PlatformAddress } from "../client/find-platform.ts";
import { figure } from "../terminal/figures.ts";
import { startProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { cutBatches } from "./batches.ts";
import type { FieldMap } from "./sources/field-map.ts";
import type { TimeOptions } from "./sources/event-time.ts";
import type { Format } from "./formats.ts";
import { openSource } from "./open-source.ts";
import { Rejections } from "./rejections.ts";
import { sendAll, type BatchSender, type SendCounts } from "./send-all.ts";

export interface ReplayRequest {
  readonly file: string;
  /** Name in messages. */
  readonly fileName: string;
  readonly fileBytes: number;
  readonly format: Format;
  readonly map: FieldMap | undefined;
  readonly times: TimeOptions;
  readonly currency: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly limit: number | undefined;
  readonly shuffleSeed: number | undefined;
  /** For the gateway. */
  readonly key: string | undefined;
  /** For the reports. */
  readonly readKey: string | undefined;
  readonly rejectsPath: string | undefined;
  /** ms since 1970; undefined for no end. */
  readonly deadlineMs: number | undefined;
}

/** What `replay --dry-run --json` prints. */
export interface FileSummary {
  readonly file: string;
  readonly format: Format;
  /** Events and unreadable lines of the file. */
  readonly read: number;
  /** Accepted by the gateway, repeated ones included, which it counts once. In a dry run, those that it would accept. */
  readonly accepted: number;
  readonly refused: number;
  /** In the order of lines, at most 100,000. */
  readonly refusals: readonly {
    readonly line: number;
    readonly field: string;
    readonly reason: string;
  }[];
}

/** What `replay --json` prints; times in seconds. */
export interface ReplaySummary extends FileSummary {
  /** Events that the gateway has answered. */
  readonly sent: number;
  readonly retries: number;
  readonly sendSeconds: number;
  readonly settleSeconds: number;
  /** Of the whole platform's tenant, after this file. */
  readonly platform: {
    readonly conversions: number;
    readonly attributed: number;
    readonly unattributed: number;
  };
}

/**
 * Sends a file and waits until all of it is attributed.
 * @throws CliError; the signal's reason after an abort
 */
export async function replayFile(
  request: ReplayRequest,
  address: PlatformAddress,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ summary: ReplaySummary; rejections: Rejections }> {
  const rejections = new Rejections(request.rejectsPath);
  const client = new GatewayClient({
    url: address.gatewayUrl,
    key: request.key,
    connections: request.concurrency,
    signal,
    deadlineMs: request.deadlineMs,
    waiting: waitingNotes(terminal),
  });
  try {
    const start = performance.now();
    const { counts, unreadable } = await send("sending", request, client, rejections, terminal);
    const sent = performance.now();
    terminal.note("waiting until everything is attributed");
    const reports = new ReportsClient(address.reportsUrl, request.readKey, signal);
    await reports.settled(request.deadlineMs);
    const settled = performance.now();
    const { totals } = await reports.attribution({ models: ["last_touch"], by: ["channel"] });
    const summary: ReplaySummary = {
      ...fileSummary(request, counts, unreadable, rejections),
      sent: counts.sent,
      retries: client.retries,
      sendSeconds: seconds(sent - start),
      settleSeconds: seconds(settled - sent),
      platform: {
        conversions: totals.conversions,
        attributed: totals.attributed,
        unattributed: totals.unattributed,
      },
    };
    return { summary, rejections };
  } finally {
    await client.close();
    await rejections.close();
  }
}

/**
 * Checks a file's events as the gateway would, and sends nothing.
 * @param environment holds the gateway's bounds
 */
export async function tryFile(
  request: ReplayRequest,
  environment: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<{ summary: FileSummary; rejections: Rejections }> {
  // Imported here because it loads the gateway.
  const { DryRun } = await import("./dry-run.ts");
  const rejections = new Rejections(request.rejectsPath);
  try {
    const { counts, unreadable } = await send(
      "checking",
      request,
      new DryRun(environment),
      rejections,
      terminal,
    );
    return { summary: fileSummary(request, counts, unreadable, rejections), rejections };
  } finally {
    await rejections.close();
  }
}

function fileSummary(
  request: ReplayRequest,
  counts: SendCounts,
  unreadable: number,
  rejections: Rejections,
): FileSummary {
  return {
    file: request.fileName,
    format: request.format,
    read: counts.sent + unreadable,
    accepted: counts.accepted,
    refused: rejections.count,
    refusals: rejections.items,
  };
}

async function send(
  label: string,
  request: ReplayRequest,
  sender: BatchSender,
  rejections: Rejections,
  terminal: Terminal,
): Promise<{ counts: SendCounts; unreadable: number }> {
  if (request.shuffleSeed !== undefined) {
    terminal.note("--shuffle holds every event of the file in memory, about 500 bytes each");
  }
  const counts: SendCounts = { sent: 0, accepted: 0, refused: 0, bytesSent: 0 };
  let unreadable = 0;
  const batches = cutBatches(await openSource(request.file, request.format, request), {
    size: request.batch,
    limit: request.limit,
    shuffleSeed: request.shuffleSeed,
    rejected: (items) => {
      unreadable += items.length;
      rejections.add(items);
    },
  });
  const progress = startProgress(terminal, label, request.fileBytes);
  const start = performance.now();
  const show = (): void => {
    const rate = Math.round(counts.sent / Math.max((performance.now() - start) / 1000, 0.001));
    progress.update(
      counts.bytesSent,
      `${figure(counts.accepted)} accepted, ${figure(rejections.count)} refused, ${figure(rate)} events/s`,
    );
  };
  try {
    await sendAll(batches, sender, {
      concurrency: request.concurrency,
      counts,
      refused: (items) => rejections.add(items),
      progress: show,
    });
  } finally {
    show();
    progress.end();
  }
  return { counts, unreadable };
}

/** Notes at most once in five seconds that a batch waits: under load, every batch may. */
function waitingNotes(terminal: Terminal): (reason: string) => void {
  let notedMs = 0;
  return (reason) => {
    if (Date.now() - notedMs < 5000) return;
    notedMs = Date.now();
    terminal.note(`waiting to send: ${reason}`);
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

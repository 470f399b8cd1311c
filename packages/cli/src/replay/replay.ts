/** The command `replay`, from its flags to its output. */
import type { Interrupt } from "@tributary/platform/client";
import type { CommandContext } from "../context.ts";
import { CliError, EXIT } from "../errors.ts";
import { interruptible } from "../interaction/interruptible.ts";
import { onPlatform } from "../platform/on-platform.ts";
import { figure } from "../terminal/figures.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { FORMATS, type Format } from "./formats.ts";
import { detectFormat } from "./open-source.ts";
import type { Rejections } from "./rejections.ts";
import {
  replayFile,
  tryFile,
  type FileSummary,
  type ReplayRequest,
  type ReplaySummary,
} from "./run.ts";
import type { FieldMap } from "./sources/field-map.ts";
import { contentSize, keepInput } from "./sources/file-content.ts";

/** As commander hands them over. */
export interface ReplayFlags {
  readonly url?: string;
  readonly reportsUrl?: string;
  readonly format?: Format;
  readonly map?: FieldMap;
  readonly key?: string;
  readonly readKey?: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly shuffle?: number;
  readonly currency: string;
  readonly data: string;
  readonly limit?: number;
  readonly timeout?: number;
  readonly rejects?: string;
  readonly dryRun?: true;
  readonly timeFormat?: string;
  readonly timeZone?: string;
  readonly json?: true;
}

/**
 * Sends a file's events, or with `--dry-run` checks them, and prints a summary.
 * @param file `-` for standard input
 * @throws CliError `usage`, `file`, `timeout`, `refused`, `no_platform`
 */
export async function replay(
  file: string,
  flags: ReplayFlags,
  context: CommandContext,
): Promise<void> {
  if (file !== "-") return replayPath(file, file, flags, context);
  if (flags.format === undefined) {
    throw new CliError(
      "usage",
      `standard input has no name: give --format with one of ${FORMATS.join(", ")}`,
    );
  }
  const kept = await keepInput(process.stdin);
  try {
    await replayPath(kept.path, "standard input", flags, context);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.code, error.message.replaceAll(kept.path, "standard input"));
  } finally {
    await kept.remove();
  }
}

async function replayPath(
  file: string,
  fileName: string,
  flags: ReplayFlags,
  context: CommandContext,
): Promise<void> {
  const fileBytes = await contentSize(file);
  const format = flags.format ?? (await detectFormat(file));
  const { key = context.config().key, readKey = context.config().readKey } = flags;
  const request: ReplayRequest = {
    ...flags,
    file,
    fileName,
    fileBytes,
    format,
    map: flags.map,
    times: { format: flags.timeFormat, zone: flags.timeZone },
    limit: flags.limit,
    shuffleSeed: flags.shuffle,
    key,
    readKey,
    rejectsPath: flags.rejects,
    deadlineMs: flags.timeout === undefined ? undefined : Date.now() + flags.timeout * 1000,
  };
  if (flags.dryRun === true) return dryRun(request, flags.json === true, context);
  await interruptible(context, async (_, interrupt) => send(request, flags, context, interrupt));
}

/** Sends to the platform that the flags name, else to one that is started for this file. */
async function send(
  request: ReplayRequest,
  flags: ReplayFlags,
  context: CommandContext,
  interrupt: Interrupt,
): Promise<void> {
  const { terminal } = context;
  await onPlatform(flags, context, interrupt, async (address, signal) => {
    const { summary, rejections } = await replayFile(request, address, terminal, signal);
    printSummary(summary, rejections, flags.json === true, terminal);
  });
}

/** Changes nothing anywhere; exit code 1 where an event would be refused. */
async function dryRun(
  request: ReplayRequest,
  json: boolean,
  { terminal, config, exit }: CommandContext,
): Promise<void> {
  const { summary, rejections } = await tryFile(request, config().environment, terminal);
  if (json) terminal.print(JSON.stringify({ ...summary, dryRun: true }));
  else printFile(summary, rejections, terminal);
  if (summary.refused > 0) exit(EXIT.failed);
}

function printFile(summary: FileSummary, rejections: Rejections, terminal: Terminal): void {
  terminal.print(
    `${summary.file}: ${figure(summary.read)} read, ${figure(summary.accepted)} would be accepted, ${figure(summary.refused)} refused; nothing was sent`,
  );
  if (summary.refused > 0) terminal.print(rejections.describe());
}

function printSummary(
  summary: ReplaySummary,
  rejections: Rejections,
  json: boolean,
  terminal: Terminal,
): void {
  if (json) {
    terminal.print(JSON.stringify(summary));
    return;
  }
  const { read, sent, accepted, refused, platform, sendSeconds, settleSeconds } = summary;
  terminal.print(
    `${summary.file}: ${figure(read)} read, ${figure(sent)} sent, ${figure(accepted)} accepted, ${figure(refused)} refused, in ${sendSeconds} s; attributed ${settleSeconds} s later`,
  );
  if (refused > 0) terminal.print(rejections.describe());
  terminal.print(
    `The platform now has ${figure(platform.conversions)} conversions: ${figure(platform.attributed)} attributed, ${figure(platform.unattributed)} without a touchpoint.`,
  );
}

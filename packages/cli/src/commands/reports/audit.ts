import type { Audit } from "@tributary/reports/answers";
import type { Command } from "commander";
import { runningReports } from "../../client/find-platform.ts";
import { auditOffline } from "../../client/offline-reports.ts";
import { ReportsClient } from "../../client/reports-client.ts";
import { EXIT } from "../../errors.ts";
import { httpUrl, integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderAudit } from "../../report/audit-view.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { addDataOption } from "../../options/data.ts";

interface AuditFlags {
  readonly differences: number;
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
  readonly json?: true;
}

export function auditCommand(command: Command, context: CommandContext): void {
  command
    .option("--differences <n>", "most differences to describe", integer(0, 10_000), 20)
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key, which names the tenant (default: TRIBUTARY_READ_KEY)")
    .option("--json", "print it as one JSON object");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary audit
  tributary audit --json | jq .different

A second, plain implementation, which shares no code with the workers, computes path, credits and value of every
conversion from the facts in the warehouse. A running platform is waited for until all it accepted is loaded; where none
runs on the data folder, the folder itself is read. Exit code: 1 where a result differs.`,
    )
    .action(async (flags: AuditFlags) => run(flags, context));
}

async function run(flags: AuditFlags, context: CommandContext): Promise<void> {
  const interrupt = takeInterrupts();
  try {
    const audit = await ask(flags, context, interrupt.signal);
    context.terminal.print(flags.json === true ? JSON.stringify(audit) : renderAudit(audit));
    if (audit.different > 0) context.exit(EXIT.failed);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.exit(EXIT.interrupted);
  } finally {
    interrupt.dispose();
  }
}

async function ask(
  flags: AuditFlags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Audit> {
  const url = flags.url ?? (await runningReports(flags.data));
  if (url === undefined) return auditOffline(flags.data, flags.differences);
  const { key = context.config().readKey } = flags;
  const client = new ReportsClient(url, key, signal);
  await client.settled(undefined);
  return client.audit(flags.differences);
}

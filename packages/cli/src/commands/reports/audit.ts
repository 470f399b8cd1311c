import type { Audit } from "@tributary/reports/answers";
import type { Command } from "commander";
import { auditOffline } from "../../client/offline-reports.ts";
import { EXIT } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderAudit } from "../../report/audit-view.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import {
  addReportsOptions,
  clientOf,
  type ReportsFlags,
  TENANT_READ_KEY,
} from "../../options/reports.ts";

interface AuditFlags extends ReportsFlags {
  readonly differences: number;
}

export function auditCommand(command: Command, context: CommandContext): void {
  command.option("--differences <n>", "most differences to print", integer(0, 10_000), 20);
  addReportsOptions(command, TENANT_READ_KEY)
    .addHelpText(
      "after",
      `
Examples:
  tributary audit
  tributary audit --json | jq .different

A second, plain implementation, which shares no code with the workers, computes path, credits and value of every
conversion from the facts in the warehouse. The command waits until a running platform has loaded all accepted events.
Without a running platform it reads the data folder. Exit code: 1 where a result differs.`,
    )
    .action(async (flags: AuditFlags) => run(flags, context));
}

async function run(flags: AuditFlags, context: CommandContext): Promise<void> {
  await interruptible(context, async (signal) => {
    const audit = await ask(flags, context, signal);
    context.terminal.print(flags.json === true ? JSON.stringify(audit) : renderAudit(audit));
    if (audit.different > 0) context.exit(EXIT.failed);
  });
}

async function ask(
  flags: AuditFlags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Audit> {
  const client = await clientOf(flags, context, signal);
  if (client === undefined) return auditOffline(flags.data, flags.differences);
  await client.settled(undefined);
  return client.audit(flags.differences);
}

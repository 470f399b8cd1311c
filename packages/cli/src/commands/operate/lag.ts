import type { Command } from "commander";
import { requireReportsUrl } from "../../client/find-platform.ts";
import { ReportsClient } from "../../client/reports-client.ts";
import type { CommandContext } from "../../context.ts";
import { renderLag } from "../../report/operate/lag-table.ts";
import { show, type ShowFlags } from "../../interaction/show.ts";
import { addReportsAddress, type ReportsAddress } from "../../options/reports.ts";

interface LagFlags extends ShowFlags, ReportsAddress {}

export function lagCommand(command: Command, context: CommandContext): void {
  addReportsAddress(
    command,
    "operate key, or read key for the tenant's part (default: TRIBUTARY_OPERATE_KEY, TRIBUTARY_READ_KEY)",
  )
    .option("--json", "print the answer as one JSON object; with --watch, one per line each second")
    .option("--watch", "refresh each second until Ctrl-C")
    .addHelpText(
      "after",
      `
Examples:
  tributary lag
  tributary lag --watch
  tributary lag --json | jq .total

Rates cover the time since an earlier reading, at least one second.`,
    )
    .action(async (flags: LagFlags) => {
      const { operateKey, readKey } = context.config();
      const { key = operateKey ?? readKey } = flags;
      const url = await requireReportsUrl(flags.url, flags.data);
      await show(
        flags,
        context,
        async (signal) => new ReportsClient(url, key, signal).lag(),
        renderLag,
      );
    });
}

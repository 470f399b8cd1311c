import type { Command } from "commander";
import { requireReportsUrl } from "../../client/find-platform.ts";
import { ReportsClient } from "../../client/reports-client.ts";
import { httpUrl } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderLag } from "../../report/operate/lag-table.ts";
import { show, type ShowFlags } from "../../terminal/show.ts";
import { addDataOption } from "../../options/data.ts";

interface LagFlags extends ShowFlags {
  readonly url?: string;
  readonly key?: string;
  readonly data: string;
}

export function lagCommand(command: Command, context: CommandContext): void {
  command
    .option("--url <url>", "reports to ask (default: of the platform on --data)", httpUrl)
    .option("--key <key>", "read key (default: TRIBUTARY_READ_KEY)")
    .option("--json", "print it as one JSON object; with --watch, one a line each second")
    .option("--watch", "again each second until Ctrl-C");
  addDataOption(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary lag
  tributary lag --watch
  tributary lag --json | jq .total

Rates are over the time since an earlier reading, at least a second.`,
    )
    .action(async (flags: LagFlags) => {
      const { key = context.config().readKey } = flags;
      const url = await requireReportsUrl(flags.url, flags.data);
      await show(
        flags,
        context,
        async (signal) => new ReportsClient(url, key, signal).lag(),
        renderLag,
      );
    });
}

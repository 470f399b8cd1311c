import type { Command } from "commander";
import { findOffline } from "../../client/offline-reports.ts";
import { saveText } from "../../client/save-file.ts";
import type { Conversion } from "@tributary/reports/answers";
import type { CommandContext } from "../../context.ts";
import { renderConversion } from "../../report/conversion-view.ts";
import { conversionSvg } from "../../report/plots/conversion-plot.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import {
  addPlotOption,
  addReportsAddress,
  addStateOptions,
  clientOf,
  type ReportsFlags,
} from "../../options/reports.ts";

interface ConversionFlags extends ReportsFlags {
  readonly asOf?: string;
  readonly svg?: string;
  readonly timeZone?: string;
}

export function conversionCommand(command: Command, context: CommandContext): void {
  addStateOptions(command.argument("<id>", "event ID of the conversion, or its order ID"));
  addPlotOption(addReportsAddress(command))
    .option("--json", "print the conversion as one JSON object, values exact")
    .addHelpText(
      "after",
      `
Examples:
  tributary conversion order-1001
  tributary conversion order-1001 --as-of 2026-11-01T09:00:00+01:00
  tributary conversion order-1001 --json | jq .revisions
  tributary conversion order-1001 --svg credits.svg

Without a running platform, the command reads the data folder.`,
    )
    .action(async (id: string, flags: ConversionFlags) => run(id, flags, context));
}

async function run(id: string, flags: ConversionFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  await interruptible(context, async (signal) => {
    const conversion = await find(id, flags, context, signal);
    if (flags.svg !== undefined) {
      await saveText(conversionSvg(conversion), flags.svg, signal);
      terminal.note(`plot written to ${flags.svg}`);
      return;
    }
    const { jaegerUiUrl } = context.config();
    terminal.print(
      flags.json === true ? JSON.stringify(conversion) : renderConversion(conversion, jaegerUiUrl),
    );
  });
}

async function find(
  id: string,
  flags: ConversionFlags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Conversion> {
  const { asOf, timeZone } = flags;
  const state = {
    ...(asOf === undefined ? {} : { asOf }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  const client = await clientOf(flags, context, signal);
  if (client === undefined) return findOffline(flags.data, id, state);
  return client.conversion(id, state);
}

import type { Command } from "commander";
import { EXIT } from "../../errors.ts";
import type { CommandContext } from "../../context.ts";
import { renderAccuracy } from "../../report/accuracy-table.ts";

export function accuracyCommand(command: Command, context: CommandContext): void {
  command
    .argument("<dir>", "folder with pathdata, fractribution and small_goldens.json")
    .option("--json", "print the answer as one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  tributary accuracy reference-data
  tributary accuracy reference-data --json | jq .maxRelativeError

The command needs no platform. Exit code: 1 where the relative error of a figure is above 1e-9 (fractribution: 1e-6).`,
    )
    .action(async (dir: string, flags: { readonly json?: true }) => {
      const { checkFractribution, checkPathData, checkSmallCases, readReferenceData, summarise } =
        await import("@tributary/lab");
      const data = await readReferenceData(dir);
      const checks = [
        ...checkPathData(data.pathData),
        ...checkFractribution(data.fractribution),
        ...checkSmallCases(data.small),
      ];
      const report = summarise(checks);
      context.terminal.print(
        flags.json === true ? JSON.stringify(report) : renderAccuracy(checks, report),
      );
      if (report.failed > 0) context.exit(EXIT.failed);
    });
}

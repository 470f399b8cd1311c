import type { Command } from "commander";
import {
  summarise,
  checkPathData,
  checkFractribution,
  readReferenceData,
  checkSmallCases,
} from "@tributary/lab";
import { EXIT } from "../../errors.ts";
import type { CommandContext } from "../../program.ts";
import { renderAccuracy } from "../../report/accuracy-table.ts";

export function accuracyCommand(program: Command, context: CommandContext): void {
  program
    .command("accuracy")
    .description("the models against reference data: expected, got and difference of every figure")
    .argument("<dir>", "folder with pathdata, fractribution and small_goldens.json")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  tributary accuracy ../shared/data
  tributary accuracy ../shared/data --json | jq .maxRelativeError

Needs no platform. Exit code: 1 where a figure is off by more than 1e-9 of it (fractribution: 1e-6).`,
    )
    .action(async (dir: string, flags: { readonly json?: true }) => {
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

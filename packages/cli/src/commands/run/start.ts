import type { Command } from "commander";
import { takeInterrupts } from "@tributary/platform/client";
import type { CommandContext } from "../../context.ts";
import { addPlatformOptions, type PlatformFlags } from "../../options/platform.ts";

interface StartFlags extends PlatformFlags {
  readonly once?: true;
  /** False with --no-sample. */
  readonly sample: boolean;
}

export function startCommand(command: Command, context: CommandContext): void {
  command
    .option("--once", "stop the platform after the table")
    .option("--no-sample", "run the platform without the sample");
  addPlatformOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary start
  tributary start --once
  tributary start --no-sample --workers 2

The sample is invented: 2,000 users of a shop in October 2026. Its events have fixed IDs: playing it again into
the same data folder changes nothing.`,
    )
    .action(async (flags: StartFlags) => {
      const interrupt = takeInterrupts();
      try {
        const [{ firstSteps }, { overview }, { playSample }, { servePlatform }] = await Promise.all(
          [
            import("../../platform/first-steps.ts"),
            import("../../platform/overview.ts"),
            import("../../platform/play-sample.ts"),
            import("../../platform/serve.ts"),
          ],
        );
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

import type { Command } from "commander";
import { takeInterrupts } from "@tributary/platform/client";
import type { CommandContext } from "../../context.ts";
import {
  addAutoscaleOptions,
  addPlatformOptions,
  autoscaleLimits,
  type PlatformFlags,
} from "../../options/platform.ts";

export function upCommand(command: Command, context: CommandContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  tributary up
  tributary up --workers 2 --threads 2 --data /var/lib/tributary --port 8080
  tributary up --autoscale --max-workers 4
  REDIS_URL=redis://10.0.0.5:6379 tributary up

Ctrl-C (or SIGTERM) stops the gateway, the workers, the reports, webhooks and Redis, in this order. All accepted
events are kept. A second Ctrl-C kills everything at once. Exit code: 130 after Ctrl-C, 0 after SIGTERM.`,
  );
  addAutoscaleOptions(addPlatformOptions(command)).action(async (flags: PlatformFlags) => {
    const limits = autoscaleLimits(flags);
    const interrupt = takeInterrupts();
    const { terminal } = context;
    try {
      const [{ autoscale }, { overview }, { servePlatform }] = await Promise.all([
        import("@tributary/platform"),
        import("../../platform/overview.ts"),
        import("../../platform/serve.ts"),
      ]);
      await servePlatform(flags, context, interrupt, async (platform, signal) => {
        terminal.print(`The platform is up; Ctrl-C stops it.\n${overview(platform)}`);
        // Autoscaling ends before the platform is stopped, so that it starts no worker meanwhile.
        if (limits !== undefined) {
          await autoscale(platform, limits, (line) => terminal.note(line), signal);
        }
        return "serve";
      });
    } finally {
      interrupt.dispose();
    }
  });
}

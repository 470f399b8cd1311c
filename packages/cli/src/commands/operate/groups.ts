import { ATTRIBUTION_GROUP } from "@tributary/protocol";
import type { Command } from "commander";
import { CliError } from "../../errors.ts";
import type { CommandContext } from "../../context.ts";
import { renderGroups } from "../../report/operate/groups-table.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";
import { show } from "../../interaction/show.ts";

export function groupsCommand(command: Command, context: CommandContext): void {
  command.option("--watch", "refresh each second until Ctrl-C");
  addRedisOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  tributary groups
  tributary groups --watch
  tributary groups drain worker-2
  tributary groups undrain worker-2`,
    )
    .action(async (flags: RedisFlags) => {
      await onRedis(flags, context, async ({ client, partitions }) => {
        const { readGroups } = await import("@tributary/streams");
        await show(flags, context, async () => readGroups(client, partitions), renderGroups);
      });
    });
  addDrain(command, context);
  addUndrain(command, context);
}

function addDrain(parent: Command, context: CommandContext): void {
  const command = parent
    .command("drain")
    .description(
      "hand over all partitions of a worker; it owns none until it is stopped or undrained",
    )
    .argument("<worker>", "name as groups prints it");
  addRedisOptions(command).action(async (worker: string, _: RedisFlags, self: Command) => {
    const flags = self.optsWithGlobals<RedisFlags>();
    const seconds = await onRedis(flags, context, async (redis) => {
      const { drainWorker } = await import("../../client/drain-worker.ts");
      return drainWorker(redis, worker);
    });
    context.terminal.print(
      flags.json === true
        ? JSON.stringify({ drained: worker, handOverSeconds: seconds })
        : `${worker} owns no partition; the others took over within ${seconds.toFixed(1)} s.`,
    );
  });
}

function addUndrain(parent: Command, context: CommandContext): void {
  const command = parent
    .command("undrain")
    .description("give a drained worker its share of the partitions again")
    .argument("<worker>", "name as groups prints it");
  addRedisOptions(command).action(async (worker: string, _: RedisFlags, self: Command) => {
    const flags = self.optsWithGlobals<RedisFlags>();
    const known = await onRedis(flags, context, async ({ client }) => {
      const { undrainMember } = await import("@tributary/streams");
      return undrainMember(client, ATTRIBUTION_GROUP, worker);
    });
    if (!known) throw new CliError("refused", `${worker} is not draining`);
    context.terminal.print(
      flags.json === true
        ? JSON.stringify({ undrained: worker })
        : `${worker} takes its share of the partitions again.`,
    );
  });
}

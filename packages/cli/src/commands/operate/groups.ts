import { ATTRIBUTION_GROUP } from "@tributary/protocol";
import { drainMember, readGroups, undrainMember } from "@tributary/streams";
import type { Command } from "commander";
import type { PlatformRedis } from "../../client/platform-redis.ts";
import { CliError } from "../../errors.ts";
import type { CommandContext } from "../../program.ts";
import { renderGroups } from "../../report/operate/groups-table.ts";
import { pause } from "@tributary/platform/client";
import { addRedisOptions, onRedis, type RedisFlags, show } from "../../options/redis.ts";

/** How long a hand-over may take before the command says that it is not through, ms. */
const DRAIN_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

export function groupsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("groups")
    .description("who is in the consumer groups, what they own, when each last got on")
    .option("--watch", "again each second until Ctrl-C");
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
      await onRedis(flags, context, async ({ client, partitions }) =>
        show(flags, context, async () => readGroups(client, partitions), renderGroups),
      );
    });
  addDrain(command, context);
  addUndrain(command, context);
}

function addDrain(parent: Command, context: CommandContext): void {
  const command = parent
    .command("drain")
    .description(
      "let a worker hand over all its partitions and own none, until it is stopped or undrained",
    )
    .argument("<worker>", "as groups prints it");
  addRedisOptions(command).action(async (worker: string, _: RedisFlags, self: Command) => {
    const flags = self.optsWithGlobals<RedisFlags>();
    const seconds = await onRedis(flags, context, async (redis) => drain(redis, worker));
    context.terminal.print(
      flags.json === true
        ? JSON.stringify({ drained: worker, handOverSeconds: seconds })
        : `${worker} owns nothing any more; the others took its partitions within ${seconds.toFixed(1)} s.`,
    );
  });
}

function addUndrain(parent: Command, context: CommandContext): void {
  const command = parent
    .command("undrain")
    .description("let a drained worker own partitions again")
    .argument("<worker>", "as groups prints it");
  addRedisOptions(command).action(async (worker: string, _: RedisFlags, self: Command) => {
    const flags = self.optsWithGlobals<RedisFlags>();
    const known = await onRedis(flags, context, async ({ client }) =>
      undrainMember(client, ATTRIBUTION_GROUP, worker),
    );
    if (!known) throw new CliError("refused", `${worker} does not drain`);
    context.terminal.print(
      flags.json === true
        ? JSON.stringify({ undrained: worker })
        : `${worker} takes its share of the partitions again.`,
    );
  });
}

/** @returns how long it took until other workers owned all that was the worker's, s */
async function drain({ client, partitions }: PlatformRedis, worker: string): Promise<number> {
  const { attribution } = await readGroups(client, partitions);
  const owned = attribution.leases.filter(({ owner }) => owner === worker);
  const startedAtMs = performance.now();
  const answer = await drainMember(client, ATTRIBUTION_GROUP, worker);
  if (answer === "unknown") {
    const names = attribution.members.map(({ name }) => name).join(", ");
    throw new CliError(
      "refused",
      `no live worker is called ${worker}; ${names === "" ? "there is none" : `there are ${names}`}`,
    );
  }
  if (answer === "last") {
    throw new CliError(
      "refused",
      `${worker} is the last worker that owns partitions: nobody would process them; start another one first`,
    );
  }
  for (;;) {
    const { leases } = (await readGroups(client, partitions)).attribution;
    const elapsedMs = performance.now() - startedAtMs;
    const open = owned.filter(({ partition }) => {
      const owner = leases[partition]?.owner ?? null;
      return owner === null || owner === worker;
    });
    if (open.length === 0) return elapsedMs / 1000;
    if (elapsedMs > DRAIN_TIMEOUT_MS) {
      const list = open.map(({ partition }) => partition).join(", ");
      throw new CliError(
        "timeout",
        `${worker} drains, but partition ${list} was not taken over within ${DRAIN_TIMEOUT_MS / 1000} s; \`tributary groups\` shows where it stands`,
      );
    }
    await pause(POLL_MS);
  }
}

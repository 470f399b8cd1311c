import type { Command } from "commander";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import { addRedisOptions } from "../../options/redis.ts";
import type { ActFlags, ListFlags } from "../../webhooks/deliveries.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
export function webhooksCommand(command: Command, context: CommandContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  tributary webhooks list
  tributary webhooks retry whk_u5BTRf0zVwJlTAQjRwsnIP36N2yVg0qa
  tributary webhooks retry --all --tenant acme
  tributary webhooks discard --all --yes
  tributary webhooks clear acme --yes
  tributary webhooks test acme
  tributary webhooks stop --yes

A dead delivery is kept until it is retried or discarded, or a later one of its conversion is delivered.`,
  );
  addList(command, context);
  addRetry(command, context);
  addDiscard(command, context);
  addClear(command, context);
  addTest(command, context);
  addStop(command, context);
}

function addList(parent: Command, context: CommandContext): void {
  const command = parent
    .command("list")
    .description("waiting deliveries of each tenant, and dead ones, oldest first")
    .option("--tenant <name>", "only this tenant")
    .option(
      "--limit <n>",
      "most dead deliveries to show of a tenant",
      integer(1, MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addRedisOptions(command).action(async (flags: ListFlags) => {
    const { listDeliveries } = await deliveries();
    await listDeliveries(flags, context);
  });
}

function addRetry(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("retry").description("send dead deliveries again, with a new set of attempts"),
  );
  addRedisOptions(command).action(async (ids: string[], flags: ActFlags) => {
    requireTargets(ids, flags);
    const { retryDeliveries } = await deliveries();
    await retryDeliveries(ids, flags, context);
  });
}

function addDiscard(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("discard").description("delete dead deliveries"),
  ).option("--yes", "confirm --all");
  addRedisOptions(command).action(async (ids: string[], flags: ActFlags) => {
    requireTargets(ids, flags);
    if (flags.all === true && flags.yes !== true) {
      throw new CliError(
        "usage",
        "discard --all deletes every dead delivery permanently: give --yes as well, or the IDs",
      );
    }
    const { discardDeliveries } = await deliveries();
    await discardDeliveries(ids, flags, context);
  });
}

function addClear(parent: Command, context: CommandContext): void {
  const command = parent
    .command("clear")
    .description(
      "delete all waiting and dead deliveries of a tenant, such as one without a receiver",
    )
    .argument("<tenant>", "tenant as list prints it")
    .option("--yes", "confirm that they are not sent");
  addRedisOptions(command).action(async (tenant: string, flags: ActFlags) => {
    const { clearDeliveries } = await deliveries();
    await clearDeliveries(tenant, flags, context);
  });
}

function addTest(parent: Command, context: CommandContext): void {
  parent
    .command("test")
    .description("send one signed example to a tenant's receiver; exit code 1 where it fails")
    .argument("<tenant>", "tenant as in TRIBUTARY_WEBHOOKS")
    .option("--json", "print the answer as one JSON object")
    .action(async (tenant: string, flags: { readonly json?: true }) => {
      const { sendExample } = await deliveries();
      await sendExample(tenant, flags, context);
    });
}

function addStop(parent: Command, context: CommandContext): void {
  const command = parent
    .command("stop")
    .description("remove the consumer group, so that results no longer wait in Redis for webhooks")
    .option("--yes", "confirm that results still in Redis are not sent");
  addRedisOptions(command).action(async (flags: ActFlags) => {
    const { stopWebhooks } = await deliveries();
    await stopWebhooks(flags, context);
  });
}

function addTargets(command: Command): Command {
  return command
    .argument("[ids...]", "IDs as list prints them")
    .option("--all", "all dead deliveries (with --tenant: those of one tenant)")
    .option("--tenant <name>", "only this tenant");
}

function requireTargets(ids: readonly string[], flags: ActFlags): void {
  if (ids.length > 0 !== (flags.all === true)) return;
  throw new CliError(
    "usage",
    "expected either IDs, as `tributary webhooks list` prints them, or --all",
  );
}

/** Imported when a command is called, because it loads the Redis client. */
const deliveries = async () => import("../../webhooks/deliveries.ts");

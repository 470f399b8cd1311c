import { EnvironmentError } from "@tributary/service";
import { removeWebhooksGroup, webhooksGroupSince } from "@tributary/streams";
import {
  type DeadDelivery,
  DeliveryQueue,
  exampleBody,
  exampleId,
  post,
  readDeadDeliveries,
  readSender,
  readTargets,
  readTenants,
  shownTarget,
  type TargetsConfig,
} from "@tributary/webhooks";
import type { Command } from "commander";
import type { PlatformRedis } from "../../client/platform-redis.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../program.ts";
import { plainDelivery, renderWebhooks } from "../../report/operate/webhooks-table.ts";
import { takeInterrupts } from "@tributary/platform/client";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

interface ListFlags extends RedisFlags {
  readonly tenant?: string;
  readonly limit: number;
}

interface ActFlags extends RedisFlags {
  readonly tenant?: string;
  readonly all?: true;
  readonly yes?: true;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
/** Dead deliveries of a tenant that `--all` takes: more than its bound holds. */
const ALL = 10_000_000;

export function webhooksCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("webhooks")
    .description(
      "deliveries to receivers: list what waits and what is dead, retry, discard, clear, test",
    )
    .addHelpText(
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

Dead deliveries are kept until they are retried or discarded, or a later one of their conversion was delivered.`,
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
    .description("what waits for each tenant's receiver, and the dead deliveries, oldest first")
    .option("--tenant <name>", "of one tenant")
    .option(
      "--limit <n>",
      "show at most so many of a tenant",
      integer(1, MAX_LIMIT),
      DEFAULT_LIMIT,
    );
  addRedisOptions(command).action(async (flags: ListFlags) => {
    const { terminal } = context;
    const { bounds } = environmentOf(context);
    const found = await onRedis(flags, context, async ({ client }) => {
      const tenants = [];
      const deliveries = [];
      for (const tenant of await chosenTenants({ client }, flags.tenant)) {
        tenants.push({ tenant, ...(await new DeliveryQueue(client, tenant, bounds).size()) });
        for await (const dead of readDeadDeliveries(client, tenant, flags.limit)) {
          deliveries.push(plainDelivery(dead));
        }
      }
      return { sender: (await readSender(client)) ?? null, tenants, deadDeliveries: deliveries };
    });
    const { sender, tenants, deadDeliveries } = found;
    if (flags.json === true) terminal.print(JSON.stringify(found));
    else terminal.print(renderWebhooks(sender, tenants, deadDeliveries));
  });
}

function addRetry(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("retry").description("send dead deliveries again, with all their attempts"),
  );
  addRedisOptions(command).action(async (ids: string[], flags: ActFlags) => {
    requireTargets(ids, flags);
    await act(ids, flags, context, "retried", async (queue, { id }) => {
      const became = await queue.retry(id);
      if (became === "full") {
        throw new CliError(
          "refused",
          `more deliveries of tenant ${queue.tenant} wait than may (TRIBUTARY_WEBHOOK_MAX_WAITING_MB): ${id} stays dead`,
        );
      }
      return became === "retried";
    });
  });
}

function addDiscard(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("discard").description("throw dead deliveries away"),
  ).option("--yes", "really, with --all");
  addRedisOptions(command).action(async (ids: string[], flags: ActFlags) => {
    requireTargets(ids, flags);
    if (flags.all === true && flags.yes !== true) {
      throw new CliError(
        "usage",
        "discard --all throws every dead delivery away for good: give --yes as well, or the IDs",
      );
    }
    await act(ids, flags, context, "discarded", async (queue, { id }) => queue.discard(id));
  });
}

function addClear(parent: Command, context: CommandContext): void {
  const command = parent
    .command("clear")
    .description(
      "throw away all that waits and is dead of a tenant, as of one that is sent to no more",
    )
    .argument("<tenant>", "as list prints it")
    .option("--yes", "really");
  addRedisOptions(command).action(async (tenant: string, flags: ActFlags) => {
    const { bounds } = environmentOf(context);
    const deliveries = await onRedis(flags, context, async ({ client }) => {
      await chosenTenants({ client }, tenant);
      if (flags.yes !== true) {
        throw new CliError(
          "usage",
          `what waits for tenant ${tenant} is then sent to nobody: give --yes`,
        );
      }
      return new DeliveryQueue(client, tenant, bounds).clear();
    });
    sayHowMany(deliveries, "cleared", flags, context);
  });
}

function addTest(parent: Command, context: CommandContext): void {
  parent
    .command("test")
    .description("send a signed example to a tenant's receiver, once; exit code 1 where it fails")
    .argument("<tenant>", "as TRIBUTARY_WEBHOOKS names it")
    .option("--json", "print one JSON object")
    .action(async (tenant: string, flags: { readonly json?: true }) => {
      const { targets, timeoutMs } = environmentOf(context);
      const target = targets.get(tenant);
      if (target === undefined) {
        throw new CliError("usage", `TRIBUTARY_WEBHOOKS has no URL of tenant ${tenant}`);
      }
      const id = exampleId();
      const body = exampleBody(tenant, Date.now());
      const startedMs = performance.now();
      const interrupt = takeInterrupts();
      const attempt = await post(target, { id, body }, timeoutMs, interrupt.signal);
      interrupt.dispose();
      const tookMs = Math.round(performance.now() - startedMs);
      const receiver = shownTarget(target.url);
      if (flags.json === true) {
        context.terminal.print(JSON.stringify({ id, receiver, tookMs, ...attempt }));
      }
      const text = `${id} to ${receiver}: ${attempt.reason}, after ${tookMs} ms`;
      if (attempt.outcome !== "delivered") throw new CliError("refused", text);
      if (flags.json !== true) context.terminal.print(text);
    });
}

function addStop(parent: Command, context: CommandContext): void {
  const command = parent
    .command("stop")
    .description("end the consumer group, so that results no longer wait in Redis for webhooks")
    .option("--yes", "really: results that were not taken are not sent");
  addRedisOptions(command).action(async (flags: ActFlags) => {
    const stopped = await onRedis(flags, context, async ({ client, partitions }) => {
      const sender = await readSender(client);
      if (sender !== undefined) {
        throw new CliError("refused", `${sender} sends webhooks: stop that process first`);
      }
      if ((await webhooksGroupSince(client)) === undefined) return false;
      if (flags.yes !== true) {
        throw new CliError(
          "usage",
          "what was attributed and not taken from Redis yet is then sent to nobody: give --yes",
        );
      }
      await removeWebhooksGroup(client, partitions);
      return true;
    });
    const text = stopped
      ? "Results no longer wait for webhooks. What waits in the tenants' queues is kept."
      : "There is no consumer group of webhooks.";
    context.terminal.print(flags.json === true ? JSON.stringify({ stopped }) : text);
  });
}

function addTargets(command: Command): Command {
  return command
    .argument("[ids...]", "as list prints them")
    .option("--all", "all of them (of one tenant with --tenant)")
    .option("--tenant <name>", "of one tenant");
}

function requireTargets(ids: readonly string[], flags: ActFlags): void {
  if (ids.length > 0 !== (flags.all === true)) return;
  throw new CliError(
    "usage",
    "expected either IDs, as `tributary webhooks list` prints them, or --all",
  );
}

/** Does it to each, and says to which it was done. */
async function act(
  ids: readonly string[],
  flags: ActFlags,
  context: CommandContext,
  done: "retried" | "discarded",
  work: (queue: DeliveryQueue, delivery: DeadDelivery) => Promise<boolean>,
): Promise<void> {
  const { terminal } = context;
  const { bounds } = environmentOf(context);
  const wanted = new Set(ids);
  let deliveries = 0;
  await onRedis(flags, context, async ({ client }) => {
    for (const tenant of await chosenTenants({ client }, flags.tenant)) {
      const queue = new DeliveryQueue(client, tenant, bounds);
      for await (const delivery of readDeadDeliveries(client, tenant, ALL)) {
        if (ids.length > 0 && !wanted.delete(delivery.id)) continue;
        // Gone or superseded: somebody else did it meanwhile, or a later one was delivered.
        if (!(await work(queue, delivery))) continue;
        deliveries += 1;
        if (flags.json !== true) terminal.note(`${done} ${delivery.id}`);
      }
    }
  });
  const [missing] = wanted;
  if (missing !== undefined) {
    throw new CliError(
      "refused",
      `there is no dead delivery ${missing}; \`tributary webhooks list\` shows those there are`,
    );
  }
  sayHowMany(deliveries, done, flags, context);
}

function sayHowMany(
  deliveries: number,
  done: "retried" | "discarded" | "cleared",
  { json }: ActFlags,
  { terminal }: CommandContext,
): void {
  if (json === true) terminal.print(JSON.stringify({ [done]: deliveries }));
  else terminal.print(`${deliveries} ${deliveries === 1 ? "delivery" : "deliveries"} ${done}.`);
}

async function chosenTenants(
  { client }: Pick<PlatformRedis, "client">,
  only: string | undefined,
): Promise<string[]> {
  const tenants = await readTenants(client);
  if (only === undefined) return tenants;
  if (tenants.includes(only)) return [only];
  throw new CliError("usage", `no webhooks were ever sent for a tenant ${only}`);
}

function environmentOf(context: CommandContext): TargetsConfig {
  try {
    return readTargets(context.config().environment);
  } catch (error) {
    if (error instanceof EnvironmentError) throw new CliError("usage", error.message);
    throw error;
  }
}

/** Lists, retries and deletes the webhook deliveries that Redis keeps. */
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
import type { PlatformRedis } from "../client/platform-redis.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { interruptible } from "../interaction/interruptible.ts";
import { onRedis, type RedisFlags } from "../options/redis.ts";
import { counted } from "../terminal/figures.ts";
import { plainDelivery, renderWebhooks } from "../report/operate/webhooks-table.ts";

export interface ListFlags extends RedisFlags {
  readonly tenant?: string;
  readonly limit: number;
}

export interface ActFlags extends RedisFlags {
  readonly tenant?: string;
  readonly all?: true;
  readonly yes?: true;
}

/** Dead deliveries of a tenant that `--all` takes: more than its bound holds. */
const ALL = 10_000_000;

/** Prints the number of waiting deliveries of each tenant, and the dead ones. */
export async function listDeliveries(flags: ListFlags, context: CommandContext): Promise<void> {
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
}

/** Queues the given dead deliveries, or all, again. @throws CliError `refused` where the queue is full */
export async function retryDeliveries(
  ids: readonly string[],
  flags: ActFlags,
  context: CommandContext,
): Promise<void> {
  await act(ids, flags, context, "retried", async (queue, { id }) => {
    const became = await queue.retry(id);
    if (became === "full") {
      throw new CliError(
        "refused",
        `the queue of tenant ${queue.tenant} is full (TRIBUTARY_WEBHOOK_MAX_WAITING_MB): ${id} stays dead`,
      );
    }
    return became === "retried";
  });
}

/** Deletes the given dead deliveries, or all. */
export async function discardDeliveries(
  ids: readonly string[],
  flags: ActFlags,
  context: CommandContext,
): Promise<void> {
  await act(ids, flags, context, "discarded", async (queue, { id }) => queue.discard(id));
}

/** Deletes all waiting and dead deliveries of a tenant. @throws CliError `usage` without `--yes` */
export async function clearDeliveries(
  tenant: string,
  flags: ActFlags,
  context: CommandContext,
): Promise<void> {
  const { bounds } = environmentOf(context);
  const deliveries = await onRedis(flags, context, async ({ client }) => {
    await chosenTenants({ client }, tenant);
    if (flags.yes !== true) {
      throw new CliError(
        "usage",
        `the waiting deliveries of tenant ${tenant} are deleted and never sent: give --yes`,
      );
    }
    return new DeliveryQueue(client, tenant, bounds).clear();
  });
  sayHowMany(deliveries, "cleared", flags, context);
}

/** Sends a signed example to a tenant's receiver, once. @throws CliError `refused` where it is not delivered */
export async function sendExample(
  tenant: string,
  flags: { readonly json?: true },
  context: CommandContext,
): Promise<void> {
  const { targets, timeoutMs } = environmentOf(context);
  const target = targets.get(tenant);
  if (target === undefined) {
    throw new CliError("usage", `TRIBUTARY_WEBHOOKS has no URL for tenant ${tenant}`);
  }
  const id = exampleId();
  const body = exampleBody(tenant, Date.now());
  await interruptible(context, async (signal) => {
    const startedMs = performance.now();
    const attempt = await post(target, { id, body }, timeoutMs, signal);
    signal.throwIfAborted();
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

/** Ends the consumer group of webhooks. @throws CliError `refused` while a process sends, `usage` without `--yes` */
export async function stopWebhooks(flags: ActFlags, context: CommandContext): Promise<void> {
  const stopped = await onRedis(flags, context, async ({ client, partitions }) => {
    const sender = await readSender(client);
    if (sender !== undefined) {
      throw new CliError("refused", `${sender} sends webhooks: stop that process first`);
    }
    if ((await webhooksGroupSince(client)) === undefined) return false;
    if (flags.yes !== true) {
      throw new CliError("usage", "results that still wait in Redis are never sent: give --yes");
    }
    await removeWebhooksGroup(client, partitions);
    return true;
  });
  const text = stopped
    ? "Results no longer wait for webhooks. The tenants' queues are kept."
    : "There is no consumer group of webhooks.";
  context.terminal.print(flags.json === true ? JSON.stringify({ stopped }) : text);
}

/** Applies `work` to each target, and prints which ones it changed. */
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
        // Somebody else has done it meanwhile, or a later delivery of the conversion has arrived.
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
      `there is no dead delivery ${missing}; \`tributary webhooks list\` shows all`,
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
  else terminal.print(`${counted(deliveries, "delivery", "deliveries")} ${done}.`);
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

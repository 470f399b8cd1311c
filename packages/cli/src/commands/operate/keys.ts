import { API_KEY_KINDS, type ApiKeyKind, TENANT_NAME } from "@tributary/service";
import type { Access, StoredApiKey } from "@tributary/streams";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../../errors.ts";
import { duration } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { plainTable } from "../../report/table.ts";
import { safeText } from "../../terminal/terminal.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

interface KeyFlags extends RedisFlags {
  readonly kind: ApiKeyKind;
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_NAME = 64;

export function keysCommand(command: Command, context: CommandContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  tributary keys create --tenant acme --name shop
  tributary keys create --tenant acme --kind read
  tributary keys create --tenant acme --kind import
  tributary keys create --tenant acme --kind erase
  tributary keys list
  tributary keys rotate 3f2a9c01 --grace 7d
  tributary keys revoke 3f2a9c01
  tributary keys open --kind read

A key is shown once: Redis keeps only its hash. Services apply a change within a second. From the first key of a kind
on, every request of that kind needs one, also when all of them are revoked, until \`keys open\`.`,
  );
  addCreate(command, context);
  addList(command, context);
  addRotate(command, context);
  addRevoke(command, context);
  addOpen(command, context);
}

function addKeyOptions(command: Command): Command {
  return addRedisOptions(command).addOption(
    new Option(
      "--kind <kind>",
      "right of the key: send events, read reports, import spend and rates, erase people, or see the whole platform's lag",
    )
      .choices(API_KEY_KINDS)
      .default("write"),
  );
}

function addCreate(parent: Command, context: CommandContext): void {
  const command = parent
    .command("create")
    .description("create a key and print it")
    .requiredOption("--tenant <name>", "tenant of the key (required)", tenantName)
    .option("--name <text>", "purpose of the key", keyName, "");
  addKeyOptions(command).action(
    async (flags: KeyFlags & { readonly tenant: string; readonly name: string }) => {
      const { kind, tenant, name } = flags;
      const made = await onRedis(flags, context, async ({ client }) => {
        const { createApiKey } = await import("@tributary/streams");
        return createApiKey(client, kind, { tenant, name });
      });
      showMade(made, flags, context);
    },
  );
}

function addList(parent: Command, context: CommandContext): void {
  addKeyOptions(parent.command("list").description("list the keys of a kind")).action(
    async (flags: KeyFlags) => {
      const { keys, unreadable, access } = await onRedis(flags, context, async ({ client }) => {
        const { listApiKeys, readAccess } = await import("@tributary/streams");
        const stored = await listApiKeys(client, flags.kind);
        return { ...stored, access: await readAccess(client, flags.kind) };
      });
      context.terminal.print(
        flags.json === true ? JSON.stringify(keys.map(plainKey)) : render(keys, flags.kind, access),
      );
      for (const id of unreadable) {
        context.terminal.note(
          `${safeText(id)} cannot be read and lets nobody in; revoke removes it`,
        );
      }
    },
  );
}

function addRotate(parent: Command, context: CommandContext): void {
  const command = parent
    .command("rotate")
    .argument("<id>", "ID as list prints it")
    .description(
      "create another key of the same tenant and name, and end this one after a grace period",
    )
    .option("--grace <duration>", "grace period of this key", duration, "1d");
  addKeyOptions(command).action(
    async (id: string, flags: KeyFlags & { readonly grace: string }) => {
      const made = await onRedis(flags, context, async ({ client }) => {
        const { rotateApiKey } = await import("@tributary/streams");
        return rotateApiKey(client, flags.kind, id, msOf(flags.grace));
      });
      if (made === undefined) throw unknownKey(id, flags.kind);
      showMade(made, flags, context);
      context.terminal.note(`${id} ends in ${flags.grace}`);
    },
  );
}

function addRevoke(parent: Command, context: CommandContext): void {
  const command = parent
    .command("revoke")
    .argument("<id>", "ID as list prints it")
    .description("end a key immediately");
  addKeyOptions(command).action(async (id: string, flags: KeyFlags) => {
    const isGone = await onRedis(flags, context, async ({ client }) => {
      const { revokeApiKey } = await import("@tributary/streams");
      return revokeApiKey(client, flags.kind, id);
    });
    if (!isGone) throw unknownKey(id, flags.kind);
    context.terminal.print(flags.json === true ? JSON.stringify({ revoked: id }) : `revoked ${id}`);
  });
}

function addOpen(parent: Command, context: CommandContext): void {
  const command = parent
    .command("open")
    .description("let requests of a kind in without a key again, when all its keys are revoked");
  addKeyOptions(command).action(async (flags: KeyFlags) => {
    const { kind } = flags;
    const left = await onRedis(flags, context, async ({ client }) => {
      const { openAccess } = await import("@tributary/streams");
      return openAccess(client, kind);
    });
    if (left > 0) {
      throw new CliError(
        "refused",
        `there are ${kind} keys (${left}), and with one of them every request needs one; revoke them first`,
      );
    }
    context.terminal.print(
      flags.json === true ? JSON.stringify({ opened: kind }) : `opened: no ${kind} key is needed`,
    );
    context.terminal.note(
      "services on a loopback address without keys in their environment apply it; others stay closed",
    );
  });
}

function unknownKey(id: string, kind: ApiKeyKind): CliError {
  return new CliError(
    "refused",
    `there is no ${kind} key ${safeText(id.slice(0, 32))}; \`tributary keys list --kind ${kind}\` shows the keys`,
  );
}

function showMade(
  { key, stored }: { readonly key: string; readonly stored: StoredApiKey },
  { json, kind }: KeyFlags,
  { terminal }: CommandContext,
): void {
  if (json === true) {
    terminal.print(JSON.stringify({ ...plainKey(stored), key }));
    return;
  }
  terminal.print(key);
  terminal.note(`${kind} key ${stored.id} of ${stored.tenant}; it is not shown again`);
}

/** A key without its secret. */
function plainKey({ id, tenant, name, createdMs, expiresMs }: StoredApiKey) {
  return {
    id,
    tenant,
    name,
    created: new Date(createdMs).toISOString(),
    expires: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
  };
}

function render(
  keys: readonly StoredApiKey[],
  kind: ApiKeyKind,
  access: Access | undefined,
): string {
  if (keys.length === 0) {
    const closed = access === "closed" ? ", and requests need one" : "";
    return `No ${kind} keys in Redis${closed}; those of the environment are not shown.`;
  }
  const rows = keys.map((key) => {
    const { id, tenant, name, created, expires } = plainKey(key);
    const isOver = (key.expiresMs ?? Infinity) <= Date.now();
    return [id, tenant, safeText(name), created, isOver ? "ended" : (expires ?? "never")];
  });
  return plainTable(["id", "tenant", "name", "created", "ends"], 5, rows, false);
}

function tenantName(text: string): string {
  if (TENANT_NAME.test(text)) return text;
  throw new InvalidArgumentError("Expected letters, digits, - and _.");
}

function keyName(text: string): string {
  if (text.length <= MAX_NAME) return text;
  throw new InvalidArgumentError(`Expected at most ${MAX_NAME} characters.`);
}

function msOf(text: string): number {
  const [, count = "", unit = "ms"] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

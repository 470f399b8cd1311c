import { MAX_PARTITIONS } from "@tributary/protocol";
import type { Command } from "commander";
import { decodeContent } from "../../dead-letters/content.ts";
import type { ActFlags, ListFlags } from "../../dead-letters/kept-letters.ts";
import {
  addLetterId,
  type LetterId,
  parseLetterId,
  plainLetter,
} from "../../dead-letters/letter-id.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { renderDeadLetter, renderDeadLetters } from "../../report/operate/dead-letters-table.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
export function deadLettersCommand(command: Command, context: CommandContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  tributary dead-letters list
  tributary dead-letters show p03/1700000000000-0
  tributary dead-letters replay p03/1700000000000-0
  tributary dead-letters replay --all
  tributary dead-letters discard --all --yes

Dead letters are kept until they are replayed or discarded.`,
  );
  addList(command, context);
  addShow(command, context);
  addReplay(command, context);
  addDiscard(command, context);
}

const partition = integer(0, MAX_PARTITIONS - 1);

function addList(parent: Command, context: CommandContext): void {
  const command = parent
    .command("list")
    .description("dead letters, oldest first")
    .option("--partition <n>", "only this partition", partition)
    .option("--limit <n>", "most dead letters to show", integer(1, MAX_LIMIT), DEFAULT_LIMIT);
  addRedisOptions(command).action(async (flags: ListFlags) => {
    const { listLetters } = await keptLetters();
    const { total, letters } = await onRedis(flags, context, async (redis) =>
      listLetters(redis, flags),
    );
    const { terminal } = context;
    if (flags.json === true) terminal.print(JSON.stringify({ total, deadLetters: letters }));
    else terminal.print(renderDeadLetters(letters, total));
  });
}

function addShow(parent: Command, context: CommandContext): void {
  const command = parent
    .command("show")
    .description("one dead letter: its reason, times, attempts, trace and content")
    .argument("<id>", "ID as list prints it, such as p03/1700000000000-0", parseLetterId);
  addRedisOptions(command).action(async (id: LetterId, flags: RedisFlags) => {
    const { findLetter } = await keptLetters();
    const letter = await onRedis(flags, context, async (redis) => findLetter(redis, id));
    const [plain, content] = [plainLetter(letter), decodeContent(letter)];
    const text =
      flags.json === true
        ? JSON.stringify({ ...plain, content })
        : renderDeadLetter(plain, content);
    context.terminal.print(text);
  });
}

function addReplay(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent
      .command("replay")
      .description("put dead letters back into their stream, to be processed again"),
  );
  addRedisOptions(command).action(async (ids: LetterId[], flags: ActFlags) => {
    requireTargets(ids, flags);
    const { replayLetters } = await keptLetters();
    await replayLetters(ids, flags, context);
  });
}

function addDiscard(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("discard").description("delete dead letters and the events in them"),
  ).option("--yes", "confirm --all");
  addRedisOptions(command).action(async (ids: LetterId[], flags: ActFlags) => {
    requireTargets(ids, flags);
    if (flags.all === true && flags.yes !== true) {
      throw new CliError(
        "usage",
        "discard --all deletes every dead letter permanently: give --yes as well, or the IDs",
      );
    }
    const { discardLetters } = await keptLetters();
    await discardLetters(ids, flags, context);
  });
}

function addTargets(command: Command): Command {
  return command
    .argument("[ids...]", "IDs as list prints them", addLetterId)
    .option("--all", "all dead letters (with --partition: those of one partition)")
    .option("--partition <n>", "with --all: only this partition", partition);
}

function requireTargets(ids: readonly LetterId[], flags: ActFlags): void {
  if (ids.length > 0 === (flags.all === true)) {
    throw new CliError(
      "usage",
      "expected either IDs, as `tributary dead-letters list` prints them, or --all",
    );
  }
  if (ids.length > 0 && flags.partition !== undefined) {
    throw new CliError("usage", "--partition goes with --all: an ID names its partition");
  }
}

/** Imported when a command is called, because it loads the Redis client. */
const keptLetters = async () => import("../../dead-letters/kept-letters.ts");

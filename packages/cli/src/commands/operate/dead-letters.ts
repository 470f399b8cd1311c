import { MAX_PARTITIONS } from "@tributary/protocol";
import {
  discardDeadLetter,
  findDeadLetter,
  type KeptDeadLetter,
  readDeadLetters,
  readLag,
  replayDeadLetter,
} from "@tributary/streams";
import type { Command } from "commander";
import type { PlatformRedis } from "../../client/platform-redis.ts";
import { decodeContent } from "../../dead-letters/content.ts";
import {
  addLetterId,
  formatLetterId,
  type LetterId,
  parseLetterId,
  plainLetter,
} from "../../dead-letters/letter-id.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../program.ts";
import { renderDeadLetter, renderDeadLetters } from "../../report/operate/dead-letters-table.ts";
import { choosePartitions } from "../../options/choose-partitions.ts";
import { addRedisOptions, onRedis, type RedisFlags } from "../../options/redis.ts";

interface ListFlags extends RedisFlags {
  readonly partition?: number;
  readonly limit: number;
}

interface ActFlags extends RedisFlags {
  readonly partition?: number;
  readonly all?: true;
  readonly yes?: true;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;
/** Dead letters that are read at once: each holds its whole block. */
const PAGE = 16;

export function deadLettersCommand(program: Command, context: CommandContext): void {
  const command = program
    .command("dead-letters")
    .description("entries that could not be processed: list, show, replay, discard")
    .addHelpText(
      "after",
      `
Examples:
  tributary dead-letters list
  tributary dead-letters show p03/1700000000000-0
  tributary dead-letters replay p03/1700000000000-0
  tributary dead-letters replay --all
  tributary dead-letters discard --all --yes

They are kept until they are replayed or discarded.`,
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
    .description("the dead letters of all partitions, oldest first")
    .option("--partition <n>", "of one partition", partition)
    .option("--limit <n>", "show at most so many", integer(1, MAX_LIMIT), DEFAULT_LIMIT);
  addRedisOptions(command).action(async (flags: ListFlags) => {
    const { total, letters } = await onRedis(flags, context, async (redis) => list(redis, flags));
    const { terminal } = context;
    if (flags.json === true) terminal.print(JSON.stringify({ total, deadLetters: letters }));
    else terminal.print(renderDeadLetters(letters, total));
  });
}

async function list({ client, partitions }: PlatformRedis, flags: ListFlags) {
  const chosen = choosePartitions(partitions, flags.partition);
  const lags = await readLag(client, partitions);
  const total = chosen.reduce((sum, of) => sum + (lags[of]?.deadLetters ?? 0), 0);
  const found = [];
  for (const of of chosen) {
    for await (const letter of lettersOf({ client, partitions }, of, flags.limit)) {
      found.push(plainLetter(letter));
    }
  }
  const letters = found.toSorted((a, b) => (a.lastTime < b.lastTime ? -1 : 1));
  return { total, letters: letters.slice(0, flags.limit) };
}

function addShow(parent: Command, context: CommandContext): void {
  const command = parent
    .command("show")
    .description("one dead letter: why, when, how often, its trace, and what is in it")
    .argument("<id>", "as list prints it, such as p03/1700000000000-0", parseLetterId);
  addRedisOptions(command).action(async (id: LetterId, flags: RedisFlags) => {
    const letter = await onRedis(flags, context, async (redis) => find(redis, id));
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
      .description("put dead letters back where they came from, to be processed again"),
  );
  addRedisOptions(command).action(async (ids: LetterId[], flags: ActFlags) => {
    requireTargets(ids, flags);
    await act(ids, flags, context, "replayed", async (redis, letter) => {
      return (await replayDeadLetter(redis.client, letter)) !== undefined;
    });
  });
}

function addDiscard(parent: Command, context: CommandContext): void {
  const command = addTargets(
    parent.command("discard").description("throw dead letters away, with the events in them"),
  ).option("--yes", "really, with --all");
  addRedisOptions(command).action(async (ids: LetterId[], flags: ActFlags) => {
    requireTargets(ids, flags);
    if (flags.all === true && flags.yes !== true) {
      throw new CliError(
        "usage",
        "discard --all throws every dead letter away for good: give --yes as well, or the IDs",
      );
    }
    await act(ids, flags, context, "discarded", async (redis, letter) =>
      discardDeadLetter(redis.client, letter),
    );
  });
}

function addTargets(command: Command): Command {
  return command
    .argument("[ids...]", "as list prints them", addLetterId)
    .option("--all", "all of them (of one partition with --partition)")
    .option("--partition <n>", "with --all: of one partition", partition);
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

/** Does it to each, and says to which it was done. */
async function act(
  ids: readonly LetterId[],
  flags: ActFlags,
  context: CommandContext,
  done: "replayed" | "discarded",
  work: (redis: PlatformRedis, letter: KeptDeadLetter) => Promise<boolean>,
): Promise<void> {
  const { terminal } = context;
  let [letters, events] = [0, 0];
  await onRedis(flags, context, async (redis) => {
    const targets = ids.length === 0 ? allOf(redis, flags.partition) : given(redis, ids);
    for await (const letter of targets) {
      // Gone: somebody else did it meanwhile.
      if (!(await work(redis, letter))) continue;
      letters += 1;
      events += letter.count;
      if (flags.json !== true) terminal.note(`${done} ${formatLetterId(letter)}`);
    }
  });
  if (flags.json === true) terminal.print(JSON.stringify({ [done]: letters, events }));
  else terminal.print(`${letters} dead ${letters === 1 ? "letter" : "letters"} ${done}.`);
}

/** Those that are there now: one that comes back while it runs is not done again. */
async function* allOf(
  redis: PlatformRedis,
  only: number | undefined,
): AsyncGenerator<KeptDeadLetter> {
  const lags = await readLag(redis.client, redis.partitions);
  for (const of of choosePartitions(redis.partitions, only)) {
    yield* lettersOf(redis, of, lags[of]?.deadLetters ?? 0);
  }
}

async function* given(
  redis: PlatformRedis,
  ids: readonly LetterId[],
): AsyncGenerator<KeptDeadLetter> {
  // All are looked up first: a wrong ID among them stops the command before it did anything.
  for (const id of ids) await find(redis, id);
  for (const id of ids) yield find(redis, id);
}

async function* lettersOf(
  { client }: PlatformRedis,
  of: number,
  limit: number,
): AsyncGenerator<KeptDeadLetter> {
  let after: string | undefined;
  for (let left = limit; left > 0;) {
    const page = await readDeadLetters(client, of, Math.min(PAGE, left), after);
    yield* page;
    left -= page.length;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

async function find({ client, partitions }: PlatformRedis, id: LetterId): Promise<KeptDeadLetter> {
  const letter =
    id.partition < partitions ? await findDeadLetter(client, id.partition, id.id) : undefined;
  if (letter !== undefined) return letter;
  throw new CliError(
    "refused",
    `there is no dead letter ${formatLetterId(id)}; \`tributary dead-letters list\` shows those there are`,
  );
}

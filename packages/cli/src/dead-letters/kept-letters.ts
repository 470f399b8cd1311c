/** Reads, replays and discards the dead letters that Redis keeps. */
import {
  discardDeadLetter,
  findDeadLetter,
  type KeptDeadLetter,
  readDeadLetters,
  readLag,
  replayDeadLetter,
} from "@tributary/streams";
import type { PlatformRedis } from "../client/platform-redis.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { choosePartitions } from "../options/choose-partitions.ts";
import { counted } from "../terminal/figures.ts";
import { onRedis, type RedisFlags } from "../options/redis.ts";
import { formatLetterId, type LetterId, plainLetter } from "./letter-id.ts";

export interface ListFlags extends RedisFlags {
  readonly partition?: number;
  readonly limit: number;
}

export interface ActFlags extends RedisFlags {
  readonly partition?: number;
  readonly all?: true;
  readonly yes?: true;
}

/** Dead letters that are read at once: each holds its whole block. */
const PAGE = 16;

/** The dead letters of all partitions or of one, oldest first, and their total number. */
export async function listLetters({ client, partitions }: PlatformRedis, flags: ListFlags) {
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

/** Puts the given dead letters, or all, back into their streams. */
export async function replayLetters(
  ids: readonly LetterId[],
  flags: ActFlags,
  context: CommandContext,
): Promise<void> {
  await act(ids, flags, context, "replayed", async (redis, letter) => {
    return (await replayDeadLetter(redis.client, letter)) !== undefined;
  });
}

/** Deletes the given dead letters, or all. */
export async function discardLetters(
  ids: readonly LetterId[],
  flags: ActFlags,
  context: CommandContext,
): Promise<void> {
  await act(ids, flags, context, "discarded", async (redis, letter) =>
    discardDeadLetter(redis.client, letter),
  );
}

/** Applies `work` to each target, and prints which ones it changed. */
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
      // Somebody else has done it meanwhile.
      if (!(await work(redis, letter))) continue;
      letters += 1;
      events += letter.count;
      if (flags.json !== true) terminal.note(`${done} ${formatLetterId(letter)}`);
    }
  });
  if (flags.json === true) terminal.print(JSON.stringify({ [done]: letters, events }));
  else terminal.print(`${counted(letters, "dead letter")} ${done}.`);
}

/** The dead letters of now: one that comes back meanwhile is not replayed again. */
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
  // All are looked up first: a wrong ID stops the command before it changes anything.
  for (const id of ids) await findLetter(redis, id);
  for (const id of ids) yield findLetter(redis, id);
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

/** @throws CliError `refused` where there is none of that ID */
export async function findLetter(
  { client, partitions }: PlatformRedis,
  id: LetterId,
): Promise<KeptDeadLetter> {
  const letter =
    id.partition < partitions ? await findDeadLetter(client, id.partition, id.id) : undefined;
  if (letter !== undefined) return letter;
  throw new CliError(
    "refused",
    `there is no dead letter ${formatLetterId(id)}; \`tributary dead-letters list\` shows all`,
  );
}

import type { Command } from "commander";
import { pause, readRunningPlatform } from "@tributary/platform/client";
import type { CommandContext } from "../../context.ts";
import type { AnyFinding } from "../../doctor/kinds.ts";
import { EXIT } from "../../errors.ts";
import { interruptible } from "../../interaction/interruptible.ts";
import { integer } from "../../options/parsers.ts";
import { addRedisOptions, type RedisFlags } from "../../options/redis.ts";

interface DoctorFlags extends RedisFlags {
  readonly fix?: true;
  readonly wait: number;
}

/** Longer than a worker's lease, a restart of a service, and the start of a compute thread. */
const WAIT_SECONDS = 10;
const MOST_WAIT_SECONDS = 600;
/** What an operator allows is the services' setting; the doctor says what is so. */
const RULES = Object.freeze({ evictionAllowed: false, durable: true, checkMs: 0 });

export function doctorCommand(command: Command, context: CommandContext): void {
  command
    .option("--fix", "mend what can be mended from outside: lost groups and keys, Redis' settings")
    .option(
      "--wait <seconds>",
      "time between two looks, so that a takeover or a restart is no finding; 0 looks once",
      integer(0, MOST_WAIT_SECONDS),
      WAIT_SECONDS,
    );
  addRedisOptions(command)
    .addHelpText(
      "after",
      `
Looks at Redis' settings, streams, groups, committed IDs, leases and books, and at the processes, disk and memory of the
platform on --data. Exit code 1 where a fault is found.

Examples:
  tributary doctor
  tributary doctor --fix
  tributary doctor --json | jq -r '.findings[].code'`,
    )
    .action(async (flags: DoctorFlags) => run(flags, context));
}

async function run(flags: DoctorFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  // Imported here because they load the Redis client, which `--help` does without.
  const { withRedis } = await import("../../client/platform-redis.ts");
  const { ALL_KINDS, hasFault } = await import("../../doctor/kinds.ts");
  const { diagnosisOf, renderDiagnosis } = await import("../../report/operate/doctor-view.ts");
  const { diagnose, lasting, mendFindings } = await import("@tributary/streams");
  await interruptible(context, async (signal) => {
    const where = { ...flags, environmentUrl: context.config().redisUrl };
    const betweenMs = flags.wait * 1000;
    const diagnosis = await withRedis(where, async (client) => {
      const around = async (): Promise<AnyFinding[]> => {
        const first = await findAround(flags);
        if (betweenMs === 0 || first.length === 0) return first;
        await pause(betweenMs, signal);
        return lasting(first, await findAround(flags), ALL_KINDS);
      };
      const look = async () => {
        const looks = [diagnose(client, { rules: RULES, betweenMs, signal }), around()] as const;
        const [inRedis, outside] = await Promise.all(looks);
        return { inRedis, findings: [...inRedis, ...outside] };
      };
      const found = await look();
      const mended = flags.fix === true ? await mendFindings(client, found.inRedis) : [];
      const { findings } = mended.length === 0 ? found : await look();
      return diagnosisOf(findings, mended);
    });
    const text = flags.json === true ? JSON.stringify(diagnosis) : renderDiagnosis(diagnosis);
    terminal.print(text);
    if (hasFault(diagnosis.findings)) context.exit(EXIT.failed);
  });
}

/** What is found on this machine, where the platform of the data folder runs here and is the one that is looked at. */
async function findAround({ redis, data }: DoctorFlags): Promise<AnyFinding[]> {
  const state = redis === undefined ? readRunningPlatform(data) : undefined;
  if (state === undefined) return [];
  const { processFindings } = await import("../../doctor/process-findings.ts");
  const { machineFindings } = await import("../../doctor/machine-findings.ts");
  return [...(await processFindings(state)), ...(await machineFindings(data))];
}

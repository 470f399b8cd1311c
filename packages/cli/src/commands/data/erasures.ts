/** Commands that erase people and list the erasures. */
import type { Command } from "commander";
import type { Erasure } from "@tributary/reports/answers";
import type { ReportsClient } from "../../client/reports-client.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { figure } from "../../terminal/figures.ts";
import { plainTable } from "../../report/table.ts";
import { pause } from "@tributary/platform/client";
import { addReportsOptions, onReports, type ReportsFlags } from "../../options/reports.ts";

interface EraseFlags extends ReportsFlags {
  readonly tenant?: string;
  readonly user?: string;
  readonly anonymous?: string;
  readonly yes?: true;
  readonly wait?: true;
  readonly timeout: number;
}

const ERASE_KEY = "erase key (default: TRIBUTARY_ERASE_KEY)";
const POLL_MS = 100;
const DEFAULT_TIMEOUT_S = 120;
const MAX_TIMEOUT_S = 86_400;

export function eraseCommand(command: Command, context: CommandContext): void {
  command
    .option("--tenant <name>", "tenant of the person (default: the tenant of the key)")
    .option("--user <id>", "userId of the person; their devices are erased as well")
    .option("--anonymous <id>", "anonymousId of the person; a known user is erased whole")
    .option("--yes", "confirm that the events are erased permanently")
    .option("--wait", "wait until the warehouse holds nothing of the person")
    .option(
      "--timeout <seconds>",
      "longest wait of --wait; the erasure continues after it",
      integer(1, MAX_TIMEOUT_S),
      DEFAULT_TIMEOUT_S,
    );
  addReportsOptions(command, ERASE_KEY)
    .addHelpText(
      "after",
      `
Examples:
  tributary erase --user ada --yes --wait
  tributary erase --tenant acme --anonymous 0192f3c4-1111-4222-8333-444455556666 --yes

Prints a receipt, which does not identify the person. Later events of the person are counted as a new person's.`,
    )
    .action(async (flags: EraseFlags) => {
      const person = personOf(flags);
      await onReports(flags, context, "eraseKey", async (reports, signal) => {
        const { deadLetters, ...asked } = await reports.erase(person);
        if (deadLetters > 0) {
          context.terminal.note(
            `Dead letters that are kept (${figure(deadLetters)}) are not searched for events of the person: see \`tributary dead-letters list\`, and discard those that hold any.`,
          );
        }
        if (flags.wait !== true) {
          if (flags.json === true) return JSON.stringify({ ...asked, deadLetters });
          return `requested: receipt ${asked.receipt}`;
        }
        const done = await erased(reports, asked.receipt, flags.timeout, signal);
        if (flags.json === true) return JSON.stringify({ ...done, deadLetters });
        const { events, conversions, touchpoints } = done.erased;
        return `erased: ${figure(events)} events, among them ${figure(conversions)} conversions and ${figure(touchpoints)} touchpoints; receipt ${asked.receipt}`;
      });
    });
}

export function erasuresCommand(command: Command, context: CommandContext): void {
  addReportsOptions(command, ERASE_KEY).action(async (flags: ReportsFlags) =>
    onReports(flags, context, "eraseKey", async (reports) => {
      const answer = await reports.erasures();
      return flags.json === true ? JSON.stringify(answer) : render(answer.erasures);
    }),
  );
}

/** @throws CliError `usage` */
function personOf({ tenant, user, anonymous, yes }: EraseFlags): Record<string, string> {
  if ((user === undefined) === (anonymous === undefined)) {
    throw new CliError("usage", "expected either --user or --anonymous");
  }
  if (yes !== true) {
    throw new CliError("usage", "erase removes a person's events permanently: give --yes as well");
  }
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(user === undefined ? {} : { userId: user }),
    ...(anonymous === undefined ? {} : { anonymousId: anonymous }),
  };
}

/** Waits for the end of an erasure. @throws CliError `timeout`; the signal's reason after an abort */
async function erased(
  reports: ReportsClient,
  receipt: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<Erasure> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const erasure = await reports.erasure(receipt);
    if (erasure.state === "erased") return erasure;
    if (performance.now() >= deadline) {
      throw new CliError(
        "timeout",
        `not erased within ${timeoutSeconds} s; the erasure continues, \`tributary erasures\` shows the state of ${receipt}`,
      );
    }
    await pause(POLL_MS, signal);
  }
}

function render(erasures: readonly Erasure[]): string {
  if (erasures.length === 0) return "No erasures.";
  const rows = erasures.map(({ receipt, state, askedAt, erasedAt, erased: gone }) => [
    receipt,
    new Date(askedAt).toISOString(),
    erasedAt === null ? state : new Date(erasedAt).toISOString(),
    figure(gone.events),
    figure(gone.conversions),
    figure(gone.touchpoints),
  ]);
  const names = ["receipt", "asked", "erased", "events", "conversions", "touchpoints"];
  return plainTable(names, 3, rows, false);
}

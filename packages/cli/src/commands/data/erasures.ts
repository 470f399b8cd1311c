/** Commands that have people erased, and say what became of it. */
import type { Command } from "commander";
import type { Erasure } from "@tributary/reports/answers";
import type { ReportsClient } from "../../client/reports-client.ts";
import { CliError } from "../../errors.ts";
import { integer } from "../../options/parsers.ts";
import type { CommandContext } from "../../context.ts";
import { figure } from "../../report/figures.ts";
import { plainTable } from "../../report/table.ts";
import { pause } from "@tributary/platform/client";
import { addReportsOptions, onReports, type ReportsFlags } from "../../client/ask-reports.ts";

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
    .option("--tenant <name>", "whose person it is (default: the tenant of the key)")
    .option("--user <id>", "their userId: their devices go as well")
    .option("--anonymous <id>", "an anonymousId: where it is a known user's, all of that user goes")
    .option("--yes", "really")
    .option("--wait", "wait until nothing of them is left in the warehouse")
    .option(
      "--timeout <seconds>",
      "with --wait: give up after so long; the erasure goes on",
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

Prints the receipt, which says nothing of the person. What they do afterwards is counted anew.`,
    )
    .action(async (flags: EraseFlags) => {
      const person = personOf(flags);
      await onReports(flags, context, "eraseKey", async (reports, signal) => {
        const { deadLetters, ...asked } = await reports.erase(person);
        if (deadLetters > 0) {
          context.terminal.note(
            `Dead letters that are kept (${figure(deadLetters)}) are not searched for events of the person: see \`tributary dead-letters list\`, and discard those that have any.`,
          );
        }
        if (flags.wait !== true) {
          if (flags.json === true) return JSON.stringify({ ...asked, deadLetters });
          return `asked: receipt ${asked.receipt}`;
        }
        const done = await erased(reports, asked.receipt, flags.timeout, signal);
        if (flags.json === true) return JSON.stringify({ ...done, deadLetters });
        const { events, conversions, touchpoints } = done.erased;
        return `erased: ${figure(events)} events, ${figure(conversions)} conversions and ${figure(touchpoints)} touchpoints among them; receipt ${asked.receipt}`;
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
    throw new CliError("usage", "erase takes a person's events away for good: give --yes as well");
  }
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(user === undefined ? {} : { userId: user }),
    ...(anonymous === undefined ? {} : { anonymousId: anonymous }),
  };
}

/** Waits until an erasure is done. @throws CliError `timeout`; the signal's reason after an abort */
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
        `not erased within ${timeoutSeconds} s, and it goes on; \`tributary erasures\` shows what becomes of ${receipt}`,
      );
    }
    await pause(POLL_MS, signal);
  }
}

function render(erasures: readonly Erasure[]): string {
  if (erasures.length === 0) return "Nobody was asked to be erased.";
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

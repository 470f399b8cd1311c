/** Where a command writes: answers to standard output, everything else to standard error. */
export interface Terminal {
  /** Part of the answer. */
  print(text: string): void;
  /** A note on the way; not part of the answer. */
  note(text: string): void;
  /** Whether notes go to a person's screen, where bars may be redrawn. */
  readonly interactive: boolean;
  /** Whether the answer goes to a person's screen. */
  readonly answerInteractive: boolean;
  /** Columns of the screen. */
  readonly columns: number;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stderr.isTTY === true && process.env["CI"] === undefined,
    answerInteractive: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 120,
  };
}

// C0, DEL and C1 controls, and what reorders text: names come from whoever sends events.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text that was sent by others, fit for a terminal: what would steer the screen is shown as U+FFFD. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, "\ufffd");
}

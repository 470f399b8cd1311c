import { createInterface } from "node:readline/promises";

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
  /** Asks the person at the terminal; undefined where there is none. @throws the signal's reason after an abort */
  readonly ask?: ((question: string, signal: AbortSignal) => Promise<string>) | undefined;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stderr.isTTY === true && process.env["CI"] === undefined,
    answerInteractive: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 120,
    ask: process.stdin.isTTY === true && process.stderr.isTTY === true ? askAtTerminal : undefined,
  };
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // On a terminal, readline takes Ctrl-C for itself.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}

// C0, DEL and C1 controls, and characters that reorder text: any sender of events may choose a name.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from others for a terminal: characters that would steer the screen become U+FFFD. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, "\ufffd");
}

/** {@link safeText} of at most so many characters, the last one `…` where some are missing. */
export function safeTextWithin(maxCharacters: number, text: string): string {
  const safe = safeText(text);
  return safe.length > maxCharacters ? `${safe.slice(0, maxCharacters - 1)}…` : safe;
}

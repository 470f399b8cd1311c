import { SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** Display of progress. */
export interface Progress {
  /** @param done of the total given at the start. @param detail what else to show, a few words */
  update(done: number, detail: string): void;
  /** Ends the display; the last state stays on the screen. */
  end(): void;
}

/** Between two plain lines, where no bar can be drawn. */
const PLAIN_INTERVAL_MS = 2000;

/**
 * A bar on a terminal; elsewhere a line on standard error at most every two seconds, and one at the end.
 * @param total what counts as all of it, above 0
 */
export function startProgress(terminal: Terminal, label: string, total: number): Progress {
  return terminal.interactive ? bar(label, total) : lines(terminal, label, total);
}

function bar(label: string, total: number): Progress {
  const single = new SingleBar({
    format: `${label} {bar} {percentage}% · {detail}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    hideCursor: true,
    fps: 10,
    stream: process.stderr,
    // The command ends the bar itself, so that a signal does not leave the cursor hidden.
    gracefulExit: false,
  });
  single.start(Math.max(total, 1), 0, { detail: "" });
  return {
    update: (done, detail) => single.update(Math.min(done, total), { detail }),
    end: () => single.stop(),
  };
}

function lines(terminal: Terminal, label: string, total: number): Progress {
  let written = Date.now();
  let last = "";
  let shown = "";
  return {
    update: (done, detail) => {
      last = `${label} ${Math.floor((100 * done) / Math.max(total, 1))} % · ${detail}`;
      if (Date.now() - written < PLAIN_INTERVAL_MS) return;
      written = Date.now();
      shown = last;
      terminal.note(last);
    },
    end: () => {
      if (last !== shown) terminal.note(last);
      shown = last;
    },
  };
}

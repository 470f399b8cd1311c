/**
 * One line per set-up step on standard error: a spinner with the time on a terminal; plain lines
 * elsewhere, and there only what takes longer than a moment announces itself.
 */
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
const ANNOUNCE_AFTER_MS = 1_000;
const STILL_EVERY_MS = 30_000;
const CLEAR_LINE = "\r\u001b[2K";

/**
 * @param {string} doing what is being done, for the time it takes
 * @returns {{ note: (text: string) => void, done: (result: string) => void, failed: (what: string) => void }}
 */
export function startStep(doing) {
  const startedAtMs = performance.now();
  const seconds = () => (performance.now() - startedAtMs) / 1_000;
  const live = process.stderr.isTTY === true && process.env.TERM !== "dumb";
  // What a program prints in between would tear a line that is redrawn.
  const stop =
    live && process.env.TRIBUTARY_VERBOSE !== "1" ? spin(doing, seconds) : announce(doing, seconds);
  const end = (mark, text) => {
    stop.end();
    process.stderr.write(`${mark} ${text} (${seconds().toFixed(1)} s)\n`);
  };
  return {
    note: stop.note,
    done: (result) => end("✓", result),
    failed: (what) => end("✗", what),
  };
}

function spin(doing, seconds) {
  let frame = 0;
  let note = "";
  const draw = () => {
    const width = process.stderr.columns || 80;
    const text = `${FRAMES[frame++ % FRAMES.length]} ${doing} … ${seconds().toFixed(0)} s${note}`;
    process.stderr.write(CLEAR_LINE + text.slice(0, width - 1));
  };
  draw();
  const timer = setInterval(draw, FRAME_MS);
  return {
    note: (text) => {
      note = `, ${text}`;
    },
    end: () => {
      clearInterval(timer);
      process.stderr.write(CLEAR_LINE);
    },
  };
}

function announce(doing, seconds) {
  const first = setTimeout(() => process.stderr.write(`  ${doing} …\n`), ANNOUNCE_AFTER_MS);
  const still = setInterval(
    () => process.stderr.write(`  ${doing} … ${seconds().toFixed(0)} s so far\n`),
    STILL_EVERY_MS,
  );
  return {
    note: () => {},
    end: () => {
      clearTimeout(first);
      clearInterval(still);
    },
  };
}

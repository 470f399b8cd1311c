import type { DeadLetterContent } from "../../dead-letters/content.ts";
import type { PlainLetter } from "../../dead-letters/letter-id.ts";
import { safeText, safeTextWithin } from "../../terminal/terminal.ts";
import { figure } from "../../terminal/figures.ts";
import { plainTable } from "../table.ts";

const MAX_REASON_CHARACTERS = 60;

/** Dead letters as a table. @param total number of all, shown or not */
export function renderDeadLetters(letters: readonly PlainLetter[], total: number): string {
  if (total === 0) return "No dead letters.";
  const rows = letters.map((letter) => [
    letter.id,
    letter.stream,
    safeTextWithin(MAX_REASON_CHARACTERS, letter.reason),
    letter.lastTime,
    figure(letter.attempts),
    figure(letter.events),
  ]);
  const head = ["id", "from", "reason", "given up", "attempts", "events"];
  const left = total - letters.length;
  const rest = left === 0 ? "" : `\n\n${figure(left)} more; --limit shows more of them`;
  return `${plainTable(head, 4, rows, false)}${rest}`;
}

/** All fields and the content of one dead letter. */
export function renderDeadLetter(letter: PlainLetter, content: DeadLetterContent): string {
  const trace =
    letter.traceId === null
      ? "none: no request in it was sampled, or it is unreadable"
      : `${letter.traceId} (find it in Jaeger by this ID)`;
  const fields = [
    ["id", letter.id],
    ["from", `${letter.stream} of partition ${letter.partition}, entry ${letter.entry}`],
    ["reason", safeText(letter.reason)],
    ["first", `${letter.firstTime} (arrival)`],
    ["last", `${letter.lastTime} (last attempt)`],
    ["attempts", `${figure(letter.attempts)} (including those of workers that it crashed)`],
    ["trace", trace],
    ["content", `${figure(letter.events)} ${letter.stream} in ${figure(content.bytes)} bytes`],
  ];
  const lines = fields.map(([name = "", value = ""]) => `${name.padEnd(9)} ${value}`);
  for (const row of content.rows) lines.push(`  ${safeText(JSON.stringify(row))}`);
  if (content.problem !== undefined) lines.push(`  … ${safeText(content.problem)}`);
  if (content.hexHead !== undefined) lines.push(...hexLines(content.hexHead));
  return lines.join("\n");
}

function hexLines(hex: string): string[] {
  return (hex.match(/.{1,64}/g) ?? []).map(
    (line) => `  ${line.replaceAll(/(..)/g, "$1 ").trimEnd()}`,
  );
}

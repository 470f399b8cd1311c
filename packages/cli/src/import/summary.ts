import type { Kind, Mapping } from "@tributary/imports";
import { counted, figure } from "../terminal/figures.ts";
import { safeText, safeTextWithin, type Terminal } from "../terminal/terminal.ts";
import type { ChosenMapping } from "./choose-mapping.ts";
import type { ImportFlags } from "./flags.ts";
import { unmappedText } from "./preview.ts";
import type { Refusal } from "./reject-file.ts";

/** What `import --json` prints. */
export interface ImportSummary {
  readonly file: string;
  readonly kind: Kind;
  /** ID in the ledger; null where nothing was sent. */
  readonly import: string | null;
  readonly dryRun: boolean;
  readonly sent: boolean;
  /** Of the file. */
  readonly rows: number;
  /** Events, or days and names, that were not there; of a file that is not sent those that would be new. */
  readonly new: number;
  readonly present: number;
  /** Of spend and rates: rows in the place of other values. */
  readonly replaced?: number;
  /** Rows that repeat an order, or an ID, of the file. */
  readonly repeated: number;
  /** Rows that the mapping leaves out. */
  readonly skipped: number;
  readonly refused: number;
  /** Rows whose order, or ID, is there with other values, which stay. */
  readonly differing: number;
  /** The first of them. */
  readonly differingLines: readonly number[];
  /** At most a thousand. */
  readonly refusals: readonly Refusal[];
  /** Path of the reject file; null where no row was refused. */
  readonly rejects: string | null;
  /** Titles, totals and footers. */
  readonly notRead: readonly { readonly line: number; readonly reason: string }[];
  readonly unmapped: readonly string[];
  readonly mapping: Mapping;
  readonly mappingFrom: ChosenMapping["from"];
}

const SHOWN = 20;
const VALUE_CHARACTERS = 60;

/** Prints a summary for a person, or as JSON. */
export function printSummary(summary: ImportSummary, flags: ImportFlags, terminal: Terminal): void {
  if (flags.json === true) terminal.print(JSON.stringify(summary));
  else terminal.print(renderSummary(summary, flags));
}

function renderSummary(summary: ImportSummary, { partly }: ImportFlags): string {
  const { refused, rejects, unmapped, mapping, notRead, kind } = summary;
  const { differing, differingLines } = summary;
  const lines = [headline(summary)];
  if (notRead.length > 0) {
    const named = notRead
      .slice(0, 3)
      .map(({ line, reason }) => `line ${line}: ${safeText(reason)}`);
    lines.push(`${counted(notRead.length, "row")} of no data: ${named.join("; ")}.`);
  }
  if (differing > 0) {
    const more = differing > differingLines.length ? ", …" : "";
    lines.push(
      `${counted(differing, "row")} of an order or ID that is there with other values, which stay as they are: line ${differingLines.join(", ")}${more}.`,
    );
  }
  if (unmapped.length > 0) lines.push(unmappedText(mapping, unmapped));
  if (refused > 0) lines.push(refusalsText(summary));
  if (rejects !== null) {
    const rest = partly === true ? "" : ", or --partly takes the rest";
    lines.push(`The refused rows are in ${rejects}: mend them there and import that file${rest}.`);
  }
  if (summary.import !== null) {
    const undo =
      kind === "events" ? "" : `; \`tributary imports undo ${summary.import}\` takes it back`;
    lines.push(`Import ${summary.import}${undo}.`);
  }
  return lines.join("\n");
}

function headline(summary: ImportSummary): string {
  const { file, rows, present, new: fresh, replaced = 0, repeated, skipped, refused } = summary;
  const parts = [
    ...(present > 0 ? [`${figure(present)} already there`] : []),
    `${figure(fresh)} new`,
    ...(replaced > 0 ? [`${figure(replaced)} in the place of other values`] : []),
    ...(repeated > 0 ? [`${figure(repeated)} repeated in the file`] : []),
    ...(skipped > 0 ? [`${figure(skipped)} left out by the mapping`] : []),
    `${figure(refused)} refused`,
  ];
  const nothing = summary.sent ? "" : fresh > 0 ? "; nothing was sent" : "; nothing to send";
  return `${safeText(file)}: ${counted(rows, "row")}: ${parts.join(", ")}${nothing}.`;
}

function refusalsText({ refusals, refused }: ImportSummary): string {
  const lines = refusals.slice(0, SHOWN).map(({ line, column, value, reason }) => {
    const cell = column === "" ? "" : `${safeText(column)}: `;
    const found = value === "" ? "" : ` (found "${safeTextWithin(VALUE_CHARACTERS, value)}")`;
    return `  line ${line}: ${cell}${safeText(reason)}${found}`;
  });
  if (refused > lines.length) lines.push(`  … and ${figure(refused - lines.length)} more`);
  return lines.join("\n");
}

/** The mapping of a file: given, remembered, or proposed and accepted. */
import { readFile } from "node:fs/promises";
import { describeFileError } from "@tributary/platform/errors";
import {
  applyPreset,
  checkMapping,
  findPreset,
  headerDigest,
  lookAt,
  parseMapping,
  presetNamed,
  propose,
  type Choices,
  type Look,
  type Mapping,
  type OpenQuestion,
  type Proposal,
  type Table,
} from "@tributary/imports";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { answerOf, choicesOf, decideMapping, type ImportFlags } from "./flags.ts";
import { renderMapping } from "./preview.ts";

export interface ChosenMapping {
  readonly mapping: Mapping;
  /** With the columns that a preset fills. */
  readonly table: Table;
  readonly from: "given" | "remembered" | "proposed";
  /** Columns that fill nothing. */
  readonly unmapped: readonly string[];
}

/**
 * Chooses the mapping of a file. Where nobody can be asked, nothing open is guessed.
 * @param remembered reads the mapping of the last import of the same columns; null where there is none
 * @throws CliError `usage` naming what is open; ImportError `mapping`
 */
export async function chooseMapping(
  table: Table,
  flags: ImportFlags,
  remembered: (header: string) => Promise<unknown>,
  context: CommandContext,
  signal: AbortSignal,
): Promise<ChosenMapping> {
  const { terminal } = context;
  if (flags.mapping !== undefined) {
    return chosen(parseMapping(await textOf(flags.mapping)), "given", table, flags);
  }
  const before = decideMapping(flags) ? null : await remembered(headerDigest(table.columns));
  const mapping = before === null ? undefined : checkMapping(before);
  if (mapping !== undefined && (flags.kind ?? mapping.kind) === mapping.kind) {
    terminal.note("mapped as the last import of a file with these columns; --propose looks anew");
    return chosen(mapping, "remembered", table, flags);
  }
  const { table: shaped, choices } = byPreset(table, flags, context);
  const look = await lookAt(shaped);
  const proposal = await settle(look, choices, flags, context, signal);
  terminal.note(renderMapping(look, proposal, terminal.columns));
  await accept(flags, context, signal);
  return {
    mapping: proposal.mapping,
    from: "proposed",
    table: shaped,
    unmapped: proposal.unmapped,
  };
}

/** The table as the preset reads it that was named, or that knows the file. */
function byPreset(
  table: Table,
  { preset: named, kind }: ImportFlags,
  { terminal }: CommandContext,
): { readonly table: Table; readonly choices: Choices } {
  const preset = named === undefined ? findPreset(table.columns, kind) : namedPreset(named);
  if (preset === undefined || (kind ?? preset.kind) !== preset.kind) return { table, choices: {} };
  const applied = applyPreset(table, preset);
  terminal.note(`Read as a file of "${preset.title}"; --preset none maps it by its columns alone.`);
  for (const note of preset.notes) terminal.note(note);
  return { table: applied.table, choices: { ...applied.choices, preset: preset.name } };
}

function namedPreset(name: string): ReturnType<typeof findPreset> {
  return name === "none" ? undefined : presetNamed(name);
}

function chosen(
  mapping: Mapping,
  from: ChosenMapping["from"],
  table: Table,
  { kind }: ImportFlags,
): ChosenMapping {
  if (kind !== undefined && mapping.kind !== kind) {
    throw new CliError("usage", `the mapping is one of ${mapping.kind}, and not of ${kind}`);
  }
  const unmapped = table.columns.filter((column) => {
    const mapped = mapping.columns[column];
    return mapped === undefined || mapped.ignore === true;
  });
  const { preset } = mapping;
  const shaped = preset === undefined ? table : applyPreset(table, presetNamed(preset)).table;
  return { mapping, from, table: shaped, unmapped };
}

/** Proposes until nothing is open, by the flags' answers and then by a person's. */
async function settle(
  look: Look,
  preset: Choices,
  flags: ImportFlags,
  { terminal }: CommandContext,
  signal: AbortSignal,
): Promise<Proposal> {
  const answers = new Map<string, string>(preset.answers);
  for (;;) {
    const proposal = propose(look, choicesOf(preset, flags, answers));
    const [question] = proposal.open;
    if (question === undefined) return proposal;
    const answered = proposal.open.filter((one) => {
      const answer = answers.has(one.key) ? undefined : answerOf(flags, one);
      if (answer !== undefined) answers.set(one.key, answer);
      return answer !== undefined;
    });
    if (answered.length > 0) continue;
    if (terminal.ask === undefined) {
      terminal.note(renderMapping(look, proposal, terminal.columns));
      throw new CliError("usage", openText(proposal.open));
    }
    const answer = (await terminal.ask(questionText(question), signal)).trim();
    if (answer !== "") answers.set(question.key, choiceOf(question, answer));
  }
}

/** A choice may be given by its number. */
function choiceOf({ choices }: OpenQuestion, answer: string): string {
  return (/^\d+$/.test(answer) ? choices[Number(answer) - 1] : undefined) ?? answer;
}

function questionText({ question, choices }: OpenQuestion): string {
  const list = choices.map((choice, i) => `\n  ${i + 1}. ${choice}`).join("");
  return `${question}${list}\n> `;
}

function openText(open: readonly OpenQuestion[]): string {
  const list = open.map(
    ({ question, choices, option }) =>
      `\n  ${question}${choices.length === 0 ? "" : ` ${choices.join(", ")}.`} (${option})`,
  );
  return `nothing was sent: the file leaves open what only a person knows. Answer by the option, or give a --mapping:${list.join("")}`;
}

async function accept(
  flags: ImportFlags,
  { terminal }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  if (flags.yes === true || flags.dryRun === true) return;
  if (terminal.ask === undefined) {
    throw new CliError(
      "usage",
      "nothing was sent: the proposal above leaves nothing open; --yes accepts it, and --save-mapping with --dry-run writes it to a file",
    );
  }
  const answer = await terminal.ask("Import the file so? [y/N] ", signal);
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new CliError("usage", "nothing was sent: the proposal was not accepted");
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError("file", `--mapping ${path} cannot be read: ${describeFileError(error)}`);
  }
}

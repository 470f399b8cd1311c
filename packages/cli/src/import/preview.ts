/** A proposed mapping for a person: columns, what was found, and the first rows as they would be. */
import { isRefused, readRows, type Look, type Mapping, type Proposal } from "@tributary/imports";
import { plainTable } from "../report/table.ts";
import { safeTextWithin } from "../terminal/terminal.ts";

const MAX_CELL_CHARACTERS = 28;
const MAX_NAMED = 20;

/** @param width of the screen, characters */
export function renderMapping(look: Look, proposal: Proposal, width: number): string {
  const { mapping, notes, unmapped } = proposal;
  const columns = look.columns.map(({ name, examples }) => [
    short(name),
    meaningOf(name, mapping),
    short(examples.join(" · "), 60),
  ]);
  const parts = [plainTable(["column", "fills", "such as"], 3, columns, false)];
  if (notes.length > 0)
    parts.push(notes.map((note) => `- ${safeTextWithin(width, note)}`).join("\n"));
  const defaults = Object.entries(mapping.defaults ?? {}).map(
    ([field, value]) => `${field} ${value}`,
  );
  if (defaults.length > 0) parts.push(`Where no cell says it: ${defaults.join(", ")}.`);
  if (unmapped.length > 0) parts.push(unmappedText(mapping, unmapped));
  parts.push(firstRows(look, proposal));
  return parts.join("\n\n");
}

/** Names the columns that fill no field. */
export function unmappedText(mapping: Mapping, unmapped: readonly string[]): string {
  const shown = unmapped.slice(0, MAX_NAMED).map((name) => short(name));
  const more = unmapped.length - shown.length;
  const names = `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const kept = unmapped.every((name) => mapping.columns[name]?.property !== undefined);
  if (kept) return `Kept as properties: ${names}.`;
  const option = mapping.kind === "events" ? "; --keep-unmapped keeps them as properties" : "";
  return `Not mapped: ${names}${option}.`;
}

function meaningOf(name: string, mapping: Mapping): string {
  const column = mapping.columns[name];
  if (column === undefined || column.ignore === true) return "–";
  if (column.property !== undefined) return `property ${column.property}`;
  const more = [
    ...(column.formats ?? []),
    ...(column.zone === undefined ? [] : [column.zone]),
    ...Object.entries(column.values ?? {}).map(([word, value]) => `${word} = ${value}`),
  ];
  return `${column.field ?? ""}${more.length === 0 ? "" : ` (${more.join(", ")})`}`;
}

function firstRows(look: Look, proposal: Proposal): string {
  if (proposal.open.length > 0) return "";
  const rows = readRows(look, proposal.mapping);
  const names = [
    ...new Set(
      rows.flatMap(({ row }) => (row === undefined || isRefused(row) ? [] : Object.keys(row))),
    ),
  ].filter((name) => name !== "properties");
  const body = rows.map(({ line, row }) => {
    if (row === undefined) return [String(line), "left out", ...names.slice(1).map(() => "")];
    if (isRefused(row)) {
      return [String(line), short(`refused: ${row.reason}`), ...names.slice(1).map(() => "")];
    }
    const fields = row as Readonly<Record<string, unknown>>;
    return [String(line), ...names.map((name) => cellOf(name, fields[name]))];
  });
  return `The first rows as they would be:\n${plainTable(["line", ...names], 1 + names.length, body, false)}`;
}

function cellOf(name: string, value: unknown): string {
  if (value === undefined) return "";
  if (name === "time" && typeof value === "number") return new Date(value).toISOString();
  return short(typeof value === "string" ? value : JSON.stringify(value));
}

function short(text: string, characters = MAX_CELL_CHARACTERS): string {
  return safeTextWithin(characters, text);
}

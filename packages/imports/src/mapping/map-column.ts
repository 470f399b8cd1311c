/** How the cells of one column are read, by what a look found in it. */
import { EVENT_TYPES, isCurrency } from "@tributary/protocol";
import { parseCurrency } from "../values/currency.ts";
import { eventTypeOf, SKIP } from "./event-types.ts";
import type { Field } from "./fields.ts";
import type { Inquiry } from "./inquiry.ts";
import type { ColumnLook } from "./look.ts";
import type { ColumnMapping } from "./mapping.ts";

/** @param zone of times without one, where it was chosen */
export function mapTime(
  field: Field,
  column: ColumnLook,
  inquiry: Inquiry,
  zone: string | undefined,
): ColumnMapping {
  const given = zone ?? inquiry.answer("zone");
  const found = column.times.decide(given ?? "UTC");
  for (const said of found.said) inquiry.note(`${column.name}: ${said}`);
  const formats = [...found.formats];
  for (const open of found.open) {
    const key = `order ${open.candidates.join(" ")}`;
    const chosen = open.candidates.find((one) => one === inquiry.answer(key));
    if (chosen !== undefined) {
      // Only the chosen order, also of dates that the other one would read.
      const other = open.candidates.find((one) => one !== chosen);
      if (!formats.includes(chosen)) formats.push(chosen);
      if (other !== undefined && formats.includes(other) && found.formats.length > 0) {
        inquiry.note(`${column.name}: read as ${chosen}`);
        formats.splice(formats.indexOf(other), 1);
      }
      continue;
    }
    inquiry.ask(
      key,
      `${column.name}: ${open.reason} (${open.count} of them, such as ${open.examples.join(", ")}). Which order?`,
      open.candidates,
      "--dates",
    );
  }
  if (field === "time" && found.withoutZone > 0 && given === undefined) {
    inquiry.ask(
      "zone",
      `${column.name}: ${found.withoutZone} of ${found.read} times have no zone. Of which zone are they (such as Europe/Berlin)?`,
      [],
      "--zone",
    );
  }
  if (found.unread.count > 0) {
    inquiry.note(
      `${column.name}: ${found.unread.count} cells are no times, such as "${found.unread.examples[0] ?? ""}"`,
    );
  }
  return {
    field,
    ...(formats.length === 0 ? {} : { formats }),
    ...(field === "time" && found.withoutZone > 0 && given !== undefined ? { zone: given } : {}),
  };
}

export function mapAmount(field: Field, column: ColumnLook, inquiry: Inquiry): ColumnMapping {
  const found = column.amounts.decide();
  if (found.said !== "") inquiry.note(`${column.name}: ${found.said}`);
  const key = `decimal ${column.name}`;
  const answer = inquiry.answer(key);
  if (found.open !== undefined && answer === undefined) {
    inquiry.ask(
      key,
      `${column.name}: ${found.open.reason} (${found.open.count} of them, such as ${found.open.examples.join(", ")}). What separates the fraction?`,
      [".", ","],
      "--decimal",
    );
  }
  if (found.negative > 0 && field === "value") {
    inquiry.note(`${column.name}: ${found.negative} amounts are below 0, which refunds may be`);
  }
  const mark = answer === "," || answer === "." ? answer : found.mark;
  return { field, ...(mark === undefined ? {} : { decimal: mark }) };
}

export function mapCurrency(field: Field, column: ColumnLook, inquiry: Inquiry): ColumnMapping {
  const values: Record<string, string> = {};
  for (const word of column.words?.keys() ?? []) {
    const found = parseCurrency(word);
    if (found?.kind !== "ambiguous") continue;
    const key = `currency ${word}`;
    const answer = inquiry.answer(key)?.toUpperCase();
    if (answer !== undefined && isCurrency(answer)) values[word] = answer;
    else {
      inquiry.ask(
        key,
        `${column.name}: which currency is "${word}"?`,
        found.candidates,
        "--mapping",
      );
    }
  }
  return { field, ...(Object.keys(values).length === 0 ? {} : { values }) };
}

export function mapTypes(field: Field, column: ColumnLook, inquiry: Inquiry): ColumnMapping {
  const values: Record<string, string> = {};
  if (column.words === undefined) {
    inquiry.ask(
      "column type",
      `${column.name} has too many different values to be the type of an event. Which column has it, or which type are all rows (such as @conversion)?`,
      [],
      "--map type=…",
    );
    return { field };
  }
  for (const word of column.words.keys()) {
    const answer = inquiry.answer(`type ${word}`);
    const type = answer ?? eventTypeOf(word);
    if (type === undefined) {
      inquiry.ask(
        `type ${word}`,
        `${column.name}: which event is "${word}"?`,
        [...EVENT_TYPES, SKIP],
        `--value "${word}=…"`,
      );
    } else if (type !== word) {
      values[word] = type;
      if (answer === undefined) inquiry.note(`${column.name}: "${word}" is taken for ${type}`);
    }
  }
  return { field, ...(Object.keys(values).length === 0 ? {} : { values }) };
}

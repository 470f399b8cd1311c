/** Proposes a mapping from what a look at a file found, and says what it leaves open. */
import { EVENT_TYPES, isCurrency } from "@tributary/protocol";
import { parseCurrency } from "../values/currency.ts";
import { eventTypeOf, SKIP } from "./event-types.ts";
import {
  AMOUNT_FIELDS,
  CURRENCY_FIELDS,
  FIELDS,
  KINDS,
  TIME_FIELDS,
  type Field,
  type Kind,
} from "./fields.ts";
import { columnsByName, currencyInName } from "./header-names.ts";
import type { ColumnLook, Look } from "./look.ts";
import type { ColumnMapping, Mapping } from "./mapping.ts";
import { plainName } from "./names.ts";

/** What a person has decided. */
export interface Choices {
  readonly kind?: Kind | undefined;
  /** Which column fills a field; `@click` is a constant. */
  readonly columns?: ReadonlyMap<Field, string> | undefined;
  /** IANA zone of times without one. */
  readonly zone?: string | undefined;
  /** Where no cell names a currency. */
  readonly currency?: string | undefined;
  /** Takes rows without a customer, with the order's ID as customer. */
  readonly userFromOrder?: boolean | undefined;
  /** Keeps columns that fill no field as properties; of events only. */
  readonly keepUnmapped?: boolean | undefined;
  /** Answers to {@link OpenQuestion}, by key. */
  readonly answers?: ReadonlyMap<string, string> | undefined;
}

/** What must be decided before a file can be imported. */
export interface OpenQuestion {
  /** Names the question, also between two proposals. */
  readonly key: string;
  readonly question: string;
  /** What to choose from; empty where any text will do. */
  readonly choices: readonly string[];
  /** The option of the command that answers it. */
  readonly option: string;
}

export interface Proposal {
  readonly mapping: Mapping;
  readonly open: readonly OpenQuestion[];
  /** What was found and why, a sentence each. */
  readonly notes: readonly string[];
  /** Columns that fill nothing. */
  readonly unmapped: readonly string[];
}

/** Proposes a mapping. Nothing ambiguous is guessed: it is asked. */
export function propose(look: Look, choices: Choices = {}): Proposal {
  const draft = new Draft(look, choices);
  return draft.proposal();
}

/** Fields that must come from somewhere, by kind. */
const NEEDED: Readonly<Record<Kind, readonly Field[]>> = {
  events: ["time", "type"],
  spend: ["day", "amount"],
  rates: ["day", "currency", "target", "rate"],
};

class Draft {
  readonly #look: Look;
  readonly #choices: Choices;
  readonly #open: OpenQuestion[] = [];
  readonly #notes: string[] = [];
  readonly #columns: Record<string, ColumnMapping> = {};
  readonly #defaults: Record<string, string> = {};

  constructor(look: Look, choices: Choices) {
    this.#look = look;
    this.#choices = choices;
  }

  proposal(): Proposal {
    const kind = this.#kind();
    const byField = this.#chosenColumns(kind);
    for (const [field, column] of byField) {
      if (column.startsWith("@")) this.#defaults[field] = column.slice(1);
      else this.#map(field, this.#columnNamed(column));
    }
    for (const field of NEEDED[kind]) {
      if (!byField.has(field)) this.#askColumn(kind, field);
    }
    if (kind === "events") this.#checkUser(byField);
    if (kind !== "rates") this.#checkCurrency(kind, byField);
    const unmapped = this.#keepOrLeave(kind);
    const { userFromOrder } = this.#choices;
    const mapping: Mapping = {
      version: 1,
      kind,
      columns: this.#columns,
      ...(Object.keys(this.#defaults).length === 0 ? {} : { defaults: this.#defaults }),
      ...(kind === "events" && userFromOrder === true ? { userFrom: "orderId" as const } : {}),
    };
    return { mapping, open: this.#open, notes: this.#notes, unmapped };
  }

  #answer(key: string): string | undefined {
    return this.#choices.answers?.get(key);
  }

  #ask(key: string, question: string, choices: readonly string[], option: string): void {
    this.#open.push({ key, question, choices, option });
  }

  #kind(): Kind {
    const answer = this.#choices.kind ?? KINDS.find((kind) => kind === this.#answer("kind"));
    if (answer !== undefined) return answer;
    const names = this.#look.columns.map(({ name }) => name);
    const has = (kind: Kind, fields: readonly Field[]): boolean => {
      const found = columnsByName(kind, names);
      return fields.every((field) => found.has(field));
    };
    if (has("rates", ["day", "currency", "target", "rate"])) return "rates";
    const isEvents = ["type", "userId", "anonymousId", "orderId"].some((field) =>
      columnsByName("events", names).has(field as Field),
    );
    const spends = names.some((name) => SPENDING.test(plainName(name)));
    if (has("spend", ["day", "amount"]) && spends && !isEvents) return "spend";
    if (isEvents && !spends) return "events";
    this.#ask("kind", "What does the file hold?", KINDS, "--kind");
    return "events";
  }

  /** The columns by field: as chosen, then by name, then the one column that holds times. */
  #chosenColumns(kind: Kind): Map<Field, string> {
    const names = this.#look.columns.map(({ name }) => name);
    const byField = new Map<Field, string>(this.#choices.columns ?? []);
    for (const field of FIELDS[kind]) {
      const answer = this.#answer(`column ${field}`);
      if (answer !== undefined) byField.set(field, answer);
    }
    const taken = new Set(byField.values());
    for (const [field, column] of columnsByName(kind, names)) {
      if (!byField.has(field) && !taken.has(column)) byField.set(field, column);
    }
    const timeField = kind === "events" ? "time" : "day";
    if (!byField.has(timeField)) {
      const used = new Set(byField.values());
      const timed = this.#look.columns.filter((one) => one.holdsTimes && !used.has(one.name));
      const [only] = timed;
      if (timed.length === 1 && only !== undefined) byField.set(timeField, only.name);
    }
    return byField;
  }

  #columnNamed(name: string): ColumnLook | undefined {
    const found = this.#look.columns.find((column) => column.name === name);
    if (found === undefined) {
      const list = this.#look.columns.map((column) => column.name).join(", ");
      this.#ask(
        `missing ${name}`,
        `The file has no column "${name}"; it has ${list}.`,
        [],
        "--map",
      );
    }
    return found;
  }

  #map(field: Field, column: ColumnLook | undefined): void {
    if (column === undefined) return;
    let mapped: ColumnMapping = { field };
    if (TIME_FIELDS.includes(field)) mapped = this.#mapTime(field, column);
    else if (AMOUNT_FIELDS.includes(field)) mapped = this.#mapAmount(field, column);
    else if (CURRENCY_FIELDS.includes(field)) mapped = this.#mapCurrency(field, column);
    else if (field === "type") mapped = this.#mapTypes(field, column);
    this.#columns[column.name] = mapped;
  }

  #mapTime(field: Field, column: ColumnLook): ColumnMapping {
    const { zone } = this.#choices;
    const given = zone ?? this.#answer("zone");
    const found = column.times.decide(given ?? "UTC");
    for (const said of found.said) this.#notes.push(`${column.name}: ${said}`);
    const formats = [...found.formats];
    for (const open of found.open) {
      const key = `order ${open.candidates.join(" ")}`;
      const chosen = open.candidates.find((one) => one === this.#answer(key));
      if (chosen !== undefined) {
        // Only the chosen order, also of dates that the other one would read.
        const other = open.candidates.find((one) => one !== chosen);
        if (!formats.includes(chosen)) formats.push(chosen);
        if (other !== undefined && formats.includes(other) && found.formats.length > 0) {
          this.#notes.push(`${column.name}: read as ${chosen}`);
          formats.splice(formats.indexOf(other), 1);
        }
        continue;
      }
      this.#ask(
        key,
        `${column.name}: ${open.reason} (${open.count} of them, such as ${open.examples.join(", ")}). Which order?`,
        open.candidates,
        "--dates",
      );
    }
    if (field === "time" && found.withoutZone > 0 && given === undefined) {
      this.#ask(
        "zone",
        `${column.name}: ${found.withoutZone} of ${found.read} times have no zone. Of which zone are they (such as Europe/Berlin)?`,
        [],
        "--zone",
      );
    }
    if (found.unread.count > 0) {
      this.#notes.push(
        `${column.name}: ${found.unread.count} cells are no times, such as "${found.unread.examples[0] ?? ""}"`,
      );
    }
    return {
      field,
      ...(formats.length === 0 ? {} : { formats }),
      ...(field === "time" && found.withoutZone > 0 && given !== undefined ? { zone: given } : {}),
    };
  }

  #mapAmount(field: Field, column: ColumnLook): ColumnMapping {
    const found = column.amounts.decide();
    if (found.said !== "") this.#notes.push(`${column.name}: ${found.said}`);
    const key = `decimal ${column.name}`;
    const answer = this.#answer(key);
    if (found.open !== undefined && answer === undefined) {
      this.#ask(
        key,
        `${column.name}: ${found.open.reason} (${found.open.count} of them, such as ${found.open.examples.join(", ")}). What separates the fraction?`,
        [".", ","],
        "--decimal",
      );
    }
    if (found.negative > 0 && field === "value") {
      this.#notes.push(
        `${column.name}: ${found.negative} amounts are below 0, which refunds may be`,
      );
    }
    const mark = answer === "," || answer === "." ? answer : found.mark;
    return { field, ...(mark === undefined ? {} : { decimal: mark }) };
  }

  #mapCurrency(field: Field, column: ColumnLook): ColumnMapping {
    const values: Record<string, string> = {};
    for (const word of column.words?.keys() ?? []) {
      const found = parseCurrency(word);
      if (found?.kind !== "ambiguous") continue;
      const key = `currency ${word}`;
      const answer = this.#answer(key)?.toUpperCase();
      if (answer !== undefined && isCurrency(answer)) values[word] = answer;
      else {
        this.#ask(
          key,
          `${column.name}: which currency is "${word}"?`,
          found.candidates,
          "--mapping",
        );
      }
    }
    return { field, ...(Object.keys(values).length === 0 ? {} : { values }) };
  }

  #mapTypes(field: Field, column: ColumnLook): ColumnMapping {
    const values: Record<string, string> = {};
    if (column.words === undefined) {
      this.#ask(
        "column type",
        `${column.name} has too many different values to be the type of an event. Which column has it, or which type are all rows (such as @conversion)?`,
        [],
        "--map type=…",
      );
      return { field };
    }
    for (const word of column.words.keys()) {
      const answer = this.#answer(`type ${word}`);
      const type = answer ?? eventTypeOf(word);
      if (type === undefined) {
        this.#ask(
          `type ${word}`,
          `${column.name}: which event is "${word}"?`,
          [...EVENT_TYPES, SKIP],
          `--value "${word}=…"`,
        );
      } else if (type !== word) {
        values[word] = type;
        if (answer === undefined)
          this.#notes.push(`${column.name}: "${word}" is taken for ${type}`);
      }
    }
    return { field, ...(Object.keys(values).length === 0 ? {} : { values }) };
  }

  #askColumn(kind: Kind, field: Field): void {
    const constant = field === "type" ? ", or which type are all rows (such as @conversion)" : "";
    this.#ask(
      `column ${field}`,
      `Which column is the ${field} of ${kind === "events" ? "an event" : kind}${constant}?`,
      this.#look.columns.map(({ name }) => name),
      `--map ${field}=…`,
    );
  }

  #checkUser(byField: ReadonlyMap<Field, string>): void {
    if (byField.has("userId") || byField.has("anonymousId")) return;
    if (this.#choices.userFromOrder === true && byField.has("orderId")) return;
    this.#askColumn("events", "userId");
  }

  #checkCurrency(kind: Kind, byField: ReadonlyMap<Field, string>): void {
    const amountColumn = byField.get(kind === "events" ? "value" : "amount");
    if (amountColumn === undefined || amountColumn.startsWith("@")) return;
    if (this.#defaults["currency"] !== undefined) return;
    const answer = this.#choices.currency ?? this.#answer("currency");
    const inName = currencyInName(amountColumn);
    const fallback = answer?.toUpperCase() ?? inName;
    if (fallback !== undefined && isCurrency(fallback)) {
      this.#defaults["currency"] = fallback;
      if (answer === undefined)
        this.#notes.push(`${amountColumn}: in ${fallback}, as its name says`);
      return;
    }
    const amounts = this.#look.columns.find(({ name }) => name === amountColumn);
    const currencies = this.#look.columns.find(({ name }) => name === byField.get("currency"));
    if (amounts === undefined) return;
    // Which rows have both a currency and a sign beside the amount is not known here.
    const signs = [...amounts.amounts.decide().currencies.values()];
    const named = currencies?.filled ?? signs.reduce((sum, count) => sum + count, 0);
    if (amounts.filled <= named) return;
    this.#ask(
      "currency",
      `${amountColumn}: which currency are amounts in where the row names none (such as EUR)?`,
      [],
      "--currency",
    );
  }

  #keepOrLeave(kind: Kind): string[] {
    const unmapped = this.#look.columns
      .map(({ name }) => name)
      .filter((name) => this.#columns[name] === undefined);
    for (const name of unmapped) {
      const keeps = kind === "events" && this.#choices.keepUnmapped === true;
      this.#columns[name] = keeps ? { property: name } : { ignore: true };
    }
    return unmapped;
  }
}

const SPENDING =
  /^(?:amount_spent|spend|spent|cost|ad_spend|ad_cost|kosten|ausgaben|werbekosten|coste|gasto|cout|depenses|costo|spesa|uitgaven)(?:_[a-z]{3})?$/;

/** Proposes a mapping from what a look at a file found, and says what it leaves open. */
import { isCurrency } from "@tributary/protocol";
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
import { Inquiry, type OpenQuestion } from "./inquiry.ts";
import type { ColumnLook, Look } from "./look.ts";
import { mapAmount, mapCurrency, mapTime, mapTypes } from "./map-column.ts";
import type { ColumnMapping, Mapping } from "./mapping.ts";
import { plainName } from "./names.ts";

/** What a person has decided. */
export interface Choices {
  readonly kind?: Kind | undefined;
  /** Name of the preset that the file is read by. */
  readonly preset?: string | undefined;
  /** Which column fills a field; `@click` is a constant. */
  readonly columns?: ReadonlyMap<Field, string> | undefined;
  /** No other column fills a field by its name. */
  readonly onlyChosen?: boolean | undefined;
  /** Columns that other ones are derived from: they fill no field, and are not said to be left out. */
  readonly used?: ReadonlySet<string> | undefined;
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
  readonly #inquiry: Inquiry;
  readonly #columns: Record<string, ColumnMapping> = {};
  readonly #defaults: Record<string, string> = {};

  constructor(look: Look, choices: Choices) {
    this.#look = look;
    this.#choices = choices;
    this.#inquiry = new Inquiry(choices.answers);
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
    const { userFromOrder, preset } = this.#choices;
    const mapping: Mapping = {
      version: 1,
      kind,
      ...(preset === undefined ? {} : { preset }),
      columns: this.#columns,
      ...(Object.keys(this.#defaults).length === 0 ? {} : { defaults: this.#defaults }),
      ...(kind === "events" && userFromOrder === true ? { userFrom: "orderId" as const } : {}),
    };
    return { mapping, open: this.#inquiry.open, notes: this.#inquiry.notes, unmapped };
  }

  #kind(): Kind {
    const answer =
      this.#choices.kind ?? KINDS.find((kind) => kind === this.#inquiry.answer("kind"));
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
    this.#inquiry.ask("kind", "What does the file hold?", KINDS, "--kind");
    return "events";
  }

  /** The columns by field: as chosen, then by name, then the one column that holds times. */
  #chosenColumns(kind: Kind): Map<Field, string> {
    const names = this.#look.columns.map(({ name }) => name);
    const byField = new Map<Field, string>(this.#choices.columns ?? []);
    for (const field of FIELDS[kind]) {
      const answer = this.#inquiry.answer(`column ${field}`);
      if (answer !== undefined) byField.set(field, answer);
    }
    if (this.#choices.onlyChosen === true) return byField;
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
      this.#inquiry.ask(
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
    if (TIME_FIELDS.includes(field))
      mapped = mapTime(field, column, this.#inquiry, this.#choices.zone);
    else if (AMOUNT_FIELDS.includes(field)) mapped = mapAmount(field, column, this.#inquiry);
    else if (CURRENCY_FIELDS.includes(field)) mapped = mapCurrency(field, column, this.#inquiry);
    else if (field === "type") mapped = mapTypes(field, column, this.#inquiry);
    this.#columns[column.name] = mapped;
  }

  #askColumn(kind: Kind, field: Field): void {
    const constant = field === "type" ? ", or which type are all rows (such as @conversion)" : "";
    this.#inquiry.ask(
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
    const answer = this.#choices.currency ?? this.#inquiry.answer("currency");
    const inName = currencyInName(amountColumn);
    const fallback = answer?.toUpperCase() ?? inName;
    if (fallback !== undefined && isCurrency(fallback)) {
      this.#defaults["currency"] = fallback;
      if (answer === undefined)
        this.#inquiry.note(`${amountColumn}: in ${fallback}, as its name says`);
      return;
    }
    const amounts = this.#look.columns.find(({ name }) => name === amountColumn);
    const currencies = this.#look.columns.find(({ name }) => name === byField.get("currency"));
    if (amounts === undefined) return;
    // Which rows have both a currency and a sign beside the amount is not known here.
    const signs = [...amounts.amounts.decide().currencies.values()];
    const named = currencies?.filled ?? signs.reduce((sum, count) => sum + count, 0);
    if (amounts.filled <= named) return;
    this.#inquiry.ask(
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
    return unmapped.filter((name) => this.#choices.used?.has(name) !== true);
  }
}

const SPENDING =
  /^(?:amount_spent|spend|spent|cost|ad_spend|ad_cost|kosten|ausgaben|werbekosten|coste|gasto|cout|depenses|costo|spesa|uitgaven)(?:_[a-z]{3})?$/;

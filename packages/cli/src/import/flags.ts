/** The flags of `import`, as commander hands them over, and what they decide about a mapping. */
import type {
  Charset,
  Choices,
  Delimiter,
  Field,
  Kind,
  OpenQuestion,
  TableOptions,
} from "@tributary/imports";

export interface ImportFlags {
  readonly url?: string;
  readonly reportsUrl?: string;
  readonly key?: string;
  readonly importKey?: string;
  readonly readKey?: string;
  readonly data: string;
  readonly kind?: Kind;
  readonly mapping?: string;
  readonly saveMapping?: string;
  readonly propose?: true;
  /** `none` for none. */
  readonly preset?: string;
  readonly map?: ReadonlyMap<string, string>;
  readonly value?: ReadonlyMap<string, string>;
  readonly zone?: string;
  readonly currency?: string;
  readonly dates?: "day-first" | "month-first";
  readonly decimal?: "." | ",";
  readonly userFrom?: "order";
  readonly keepUnmapped?: true;
  readonly delimiter?: Delimiter;
  readonly charset?: Charset;
  readonly headerLine?: number;
  readonly sheet?: string;
  readonly yes?: true;
  readonly partly?: true;
  readonly rejects?: string;
  readonly dryRun?: true;
  readonly batch: number;
  readonly concurrency: number;
  readonly timeout?: number;
  readonly json?: true;
}

/** Flags that decide about the mapping: with one of them it is proposed, and not the remembered one. */
const DECIDING = [
  "map",
  "value",
  "zone",
  "currency",
  "dates",
  "decimal",
  "userFrom",
  "keepUnmapped",
  "propose",
  "preset",
] as const satisfies readonly (keyof ImportFlags)[];

/** Whether the flags decide anything about the mapping. */
export function decideMapping(flags: ImportFlags): boolean {
  return DECIDING.some((name) => flags[name] !== undefined);
}

export function tableOptions(flags: ImportFlags, name: string): TableOptions {
  const { delimiter, charset, headerLine, sheet } = flags;
  return { delimiter, charset, headerLine, sheet, name };
}

/** A preset's choices, and in their place those of the flags. @param answers to questions, by key */
export function choicesOf(
  preset: Choices,
  flags: ImportFlags,
  answers: ReadonlyMap<string, string>,
): Choices {
  const columns = new Map([...(preset.columns ?? []), ...(flags.map ?? [])]) as Map<Field, string>;
  return {
    ...preset,
    kind: flags.kind ?? preset.kind,
    columns,
    zone: flags.zone ?? preset.zone,
    currency: flags.currency,
    userFromOrder: flags.userFrom === "order",
    keepUnmapped: flags.keepUnmapped,
    answers,
  };
}

/** A question's answer that the flags give; undefined where they give none. */
export function answerOf(flags: ImportFlags, { key, choices }: OpenQuestion): string | undefined {
  const [about = "", ...rest] = key.split(" ");
  if (about === "order" && flags.dates !== undefined) {
    const first = flags.dates === "day-first" ? "dd" : "mm";
    return choices.find((choice) => choice.startsWith(first));
  }
  if (about === "decimal") return flags.decimal;
  if (about === "type" || about === "currency") return flags.value?.get(rest.join(" "));
  return undefined;
}

import { formatDecimal, REVISION_REASONS, type DimensionField } from "@tributary/protocol";
import {
  countErasedConversions,
  creditGroups,
  resultChanges,
  rowDimensions,
  type ChangesQuestion,
  type CreditGroup,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { CHANGE_LINES } from "../answer-schemas.ts";

export type ChangeLine = (typeof CHANGE_LINES)[number];

/** A line of a group's statement. */
export interface ChangeRow extends Partial<Readonly<Record<DimensionField, string>>> {
  readonly currency: string;
  readonly line: ChangeLine;
  /** Exact decimal texts. */
  readonly conversions: string;
  readonly value: string;
}

export interface Changes {
  /** Those that changed most first. */
  readonly rows: readonly ChangeRow[];
  readonly totals: {
    /** Groups that changed, of all. */
    readonly changed: number;
    readonly groups: number;
    /** Sums over the groups of what is after less all other lines, without its sign: 0. */
    readonly residueConversions: string;
    readonly residueValue: string;
    /** Conversions of people whose erasure was done between the two times: they are in neither. */
    readonly erasedConversions: number;
  };
}

interface Amounts {
  conversions: bigint;
  value: bigint;
}

interface Statement {
  readonly dims: Partial<Record<DimensionField, string>>;
  readonly currency: string;
  readonly lines: Map<ChangeLine, Amounts>;
}

/**
 * A report of two times, and the difference by its causes: both reports and the causes are queries of their own, so that the
 * residue says something.
 * @throws WarehouseError
 */
export async function changesBetween(
  engine: WarehouseEngine,
  question: ChangesQuestion,
): Promise<Changes> {
  const { tenant, model, by, from, to, since, until } = question;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const report = { tenant, models: [model], by, ...range };
  const statements = new Map<string, Statement>();
  const add = (line: ChangeLine, groups: readonly CreditGroup[]): void => {
    for (const group of groups) addTo(statementOf(statements, group, by), line, group);
  };
  add("before", await creditGroups(engine, { ...report, asOf: since }));
  for (const group of await resultChanges(engine, question)) add(group.cause, [group]);
  add("after", await creditGroups(engine, { ...report, asOf: until }));
  const erasedConversions = await countErasedConversions(engine, tenant, [since, until]);
  return answerOf([...statements.values()], erasedConversions);
}

function statementOf(
  statements: Map<string, Statement>,
  { touch, conversion, currency }: CreditGroup,
  by: readonly DimensionField[],
): Statement {
  const dims = rowDimensions(by, touch, conversion);
  const key = JSON.stringify([dims, currency]);
  const known = statements.get(key) ?? { dims, currency, lines: new Map() };
  statements.set(key, known);
  return known;
}

function addTo({ lines }: Statement, line: ChangeLine, { conversions, value }: CreditGroup): void {
  const amounts = lines.get(line) ?? { conversions: 0n, value: 0n };
  amounts.conversions += conversions;
  amounts.value += value;
  lines.set(line, amounts);
}

const NOTHING: Readonly<Amounts> = Object.freeze({ conversions: 0n, value: 0n });

function answerOf(statements: readonly Statement[], erasedConversions: number): Changes {
  const residue = { conversions: 0n, value: 0n };
  let changed = 0;
  const sorted = statements.toSorted(
    (a, b) =>
      compare(absolute(changeOf(b).value), absolute(changeOf(a).value)) ||
      compare(absolute(changeOf(b).conversions), absolute(changeOf(a).conversions)) ||
      compare(JSON.stringify(a.dims), JSON.stringify(b.dims)) ||
      compare(a.currency, b.currency),
  );
  const rows: ChangeRow[] = [];
  for (const { dims, currency, lines } of sorted) {
    let { conversions, value } = lines.get("after") ?? NOTHING;
    for (const line of CHANGE_LINES) {
      const amounts = lines.get(line) ?? NOTHING;
      if (line !== "after") {
        conversions -= amounts.conversions;
        value -= amounts.value;
      }
      const isEnd = line === "before" || line === "after";
      if (!isEnd && amounts.conversions === 0n && amounts.value === 0n) continue;
      rows.push({
        ...dims,
        currency,
        line,
        conversions: formatDecimal(amounts.conversions),
        value: formatDecimal(amounts.value),
      });
    }
    residue.conversions += absolute(conversions);
    residue.value += absolute(value);
    if (REVISION_REASONS.some((reason) => lines.has(reason))) changed += 1;
  }
  return {
    rows,
    totals: {
      changed,
      groups: statements.length,
      residueConversions: formatDecimal(residue.conversions),
      residueValue: formatDecimal(residue.value),
      erasedConversions,
    },
  };
}

function changeOf({ lines }: Statement): Amounts {
  const before = lines.get("before") ?? NOTHING;
  const after = lines.get("after") ?? NOTHING;
  return {
    conversions: after.conversions - before.conversions,
    value: after.value - before.value,
  };
}

function absolute(units: bigint): bigint {
  return units < 0n ? -units : units;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

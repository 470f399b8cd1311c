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
import { z } from "zod";
import { count, currency, decimalText } from "../answers/fields.ts";
import { refusal } from "../question/parameters.ts";
import { instant, instantOf, refuseFuture, streamedModel } from "../question/report-parameters.ts";
import { byTouch, report, type AnswerOf } from "./report.ts";

/** Lines of a group's statement, in their order: the first and the causes sum to the last. */
const CHANGE_LINES = ["before", ...REVISION_REASONS, "after"] as const;
type ChangeLine = (typeof CHANGE_LINES)[number];

const changesSchema = z.object({
  rows: z.array(
    z
      .object({
        currency,
        line: z
          .enum(CHANGE_LINES)
          .describe(
            "`before` and the causes sum to `after`; causes that changed nothing are left out",
          ),
        conversions: decimalText,
        value: decimalText,
      })
      .catchall(z.string()),
  ),
  totals: z.object({
    changed: count,
    groups: count,
    residueConversions: decimalText.describe("what is after less all other lines: 0"),
    residueValue: decimalText,
    erasedConversions: count.describe(
      "of people whose erasure was done between the two times: in neither",
    ),
  }),
});

type Changes = AnswerOf<typeof changesSchema>;

interface Amounts {
  conversions: bigint;
  value: bigint;
}

interface Statement {
  readonly dims: Partial<Record<DimensionField, string>>;
  readonly currency: string;
  readonly lines: Map<ChangeLine, Amounts>;
}

export const changes = report({
  summary: "Changes between two times, by cause",
  parameters: z.strictObject({
    model: streamedModel,
    by: byTouch,
    since: instant("the figures known then are compared with those of now, or of asOf; needed"),
  }),
  answer: changesSchema,
  async run({ engine, tenant, now }, asked) {
    const { model, by, names, from, to, asOf: until = now } = asked;
    const since = instantOf("since", asked.since, asked.timeZone);
    if (since === undefined) {
      throw refusal("parameter_missing", "since", "expected the time to compare with", undefined);
    }
    refuseFuture("since", since, now);
    if (since >= until) {
      const reason = `expected a time before asOf (${new Date(until).toISOString()})`;
      throw refusal("range_empty", "since", reason, new Date(since).toISOString());
    }
    return changesBetween(engine, { tenant, names, model, by, since, until, from, to });
  },
});

/**
 * Reports of two times, and their difference by cause. Both reports and the causes are separate queries, so that the residue
 * checks them.
 * @throws WarehouseError
 */
async function changesBetween(
  engine: WarehouseEngine,
  question: ChangesQuestion,
): Promise<Changes> {
  const { tenant, names, model, by, from, to, since, until } = question;
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const report = { tenant, names, models: [model], by, ...range };
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
  const key = JSON.stringify([dims, touch === undefined, currency]);
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
  const rows: Changes["rows"][number][] = [];
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

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AttributionError, tabulatePaths, type PathTable } from "@tributary/attribution";
import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { describeError, describeFileError } from "@tributary/platform/errors";
import { LabError } from "../errors.ts";

const figures = z.record(z.string(), z.number());
const rule = z.object({ conversions: figures, value: figures });
const markovAnswer = z.object({
  conversions: figures,
  p_conversion: z.number(),
  removal_effect: figures,
});

const pathDataAnswers = z.object({
  first: rule,
  last: rule,
  linear: rule,
  position_based_40_20_40: rule,
  markov_order_1: markovAnswer,
  markov_order_2: markovAnswer,
  markov_order_3: markovAnswer,
  markov_order_1_converting_paths_only: markovAnswer,
  totals: z.object({ conversions: z.number(), nulls: z.number(), value: z.number() }),
});

const fractributionAnswers = z.object({
  published_channel_totals: z.object({
    unique: figures,
    exposure: figures,
    first: figures,
    frequency: figures,
  }),
});

/** From a state, to each next one. */
const transitions = z.record(z.string(), figures);
const dp6Answers = z.object({
  models: z.object({
    attribution_first_click_heuristic: figures,
    attribution_last_click_heuristic: figures,
    attribution_last_click_non_C_heuristic: figures,
    attribution_linear_heuristic: figures,
    "attribution_position_based_0.4_0.2_0.4_heuristic": figures,
    attribution_markov_algorithmic: figures,
    attribution_shapley_size4_conv_rate_algorithmic: figures,
  }),
  markov_removal_effect: figures,
  markov_transition: transitions,
});

const smallAnswers = z.object({
  "cran ChannelAttribution v1.1 vignette (vignettes/vignette.docx @ae1b26f)": z.object({
    paths: z.array(z.string()),
    conversions: z.array(z.number()),
    removal_effects: figures,
    attributed: figures,
  }),
  "jmwoloso/pychattr README (same paths, nsim=10000, seed 26)": z.object({ transition: figures }),
  "analyzecore part 1 / JesseCastro/markovattribution test/test.js": z.object({
    rows: z.array(
      z.object({
        path: z.string(),
        conv: z.number().default(0),
        value: z.number().default(0),
        null: z.number().default(0),
      }),
    ),
    p_conv: z.number(),
    removal_effects: figures,
    conversions: figures,
    value: figures,
  }),
  "eeghor/mta tests": z.object({
    "markov transition: a>b conv3 null1; a>c conv1 null1": figures,
    "shapley a:4, a>b:6": figures,
    "shapley a>b>c>d:10": z.object({ each: z.number() }),
  }),
  "DP6 computed by running the library (test fixture + mini8 with nulls)": z.object({
    mini8_conversion_value_int1: dp6Answers,
    mini8_conversion_value_col: dp6Answers,
    mini8_input: z.object({
      j: z.array(z.string()),
      conv: z.array(z.boolean()),
      v: z.array(z.number()),
    }),
    mini8_markov_frequency_1_per_journey: z.object({
      removal_effect: figures,
      attributed: figures,
      transition: transitions,
    }),
  }),
});

export type PathDataAnswers = z.infer<typeof pathDataAnswers>;
export type Dp6Answers = z.infer<typeof dp6Answers>;
export type SmallAnswers = z.infer<typeof smallAnswers>;

/** The reference data, read and checked. */
export interface ReferenceData {
  readonly pathData: { readonly table: PathTable; readonly expected: PathDataAnswers };
  readonly fractribution: {
    readonly table: PathTable;
    readonly expected: z.infer<typeof fractributionAnswers>["published_channel_totals"];
  };
  readonly small: SmallAnswers;
}

/** @throws LabError `file` naming the missing file, or the invalid place in one */
export async function readReferenceData(dir: string): Promise<ReferenceData> {
  const folder = await stat(dir).catch(() => undefined);
  if (folder === undefined)
    throw new LabError("file", `${dir} cannot be read: there is no such folder`);
  if (!folder.isDirectory()) throw new LabError("file", `${dir} is not a folder`);
  const answers = await readJson(
    join(dir, "fractribution/published_channel_totals.json"),
    fractributionAnswers,
  );
  return {
    pathData: {
      table: await readPathTable(join(dir, "pathdata/paths.csv"), {
        conversions: "total_conversions",
        value: "total_conversion_value",
        nulls: "total_null",
      }),
      expected: await readJson(join(dir, "pathdata/expected.json"), pathDataAnswers),
    },
    fractribution: {
      table: await readPathTable(join(dir, "fractribution/example_path_summary.csv"), {
        conversions: "total_conversions",
        nulls: "total_non_conversions",
      }),
      expected: answers.published_channel_totals,
    },
    small: await readJson(join(dir, "small_goldens.json"), smallAnswers),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new LabError("file", `${path} cannot be read: ${describeFileError(error)}`);
  }
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(path);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new LabError("file", `${path} is no JSON: ${describeError(error)}`);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LabError(
    "file",
    `${path} is not as expected: ${issue?.path.map(String).join(" / ")}: ${issue?.message}`,
  );
}

interface Columns {
  readonly conversions: string;
  readonly value?: string;
  readonly nulls: string;
}

async function readPathTable(path: string, columns: Columns): Promise<PathTable> {
  const text = await readText(path);
  try {
    const rows: Record<string, string>[] = parse(text, { columns: true, skip_empty_lines: true });
    const number = (row: Record<string, string>, column: string | undefined): number => {
      if (column === undefined) return 0;
      const cell = row[column] ?? "";
      return cell === "" ? Number.NaN : Number(cell);
    };
    return tabulatePaths(
      rows.map((row) => ({
        path: splitPath(row["path"] ?? "", " > "),
        conversions: number(row, columns.conversions),
        value: number(row, columns.value),
        nulls: number(row, columns.nulls),
      })),
    );
  } catch (error) {
    if (!(error instanceof CsvError || error instanceof AttributionError)) throw error;
    throw new LabError("file", `${path} is not as expected: ${error.message}`);
  }
}

/** Channels of a written path; none for an empty one. */
export function splitPath(path: string, separator: string): string[] {
  return path === "" ? [] : path.split(separator);
}

import { z } from "zod";
import { answeredTimes, count, currency, decimalText, instant } from "./fields.ts";

export const importSchema = z.object({ imported: count });
const { timeZone, from, to } = answeredTimes;
export const spendSchema = z.object({
  timeZone,
  from,
  to,
  rows: z.array(z.object({ day: z.string(), currency, amount: decimalText }).catchall(z.string())),
});
export const ratesSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, target: currency, rate: decimalText })),
});

/** An import, as the ledger has it. */
export const importRecordSchema = z.object({
  import: z.string().describe("a random UUID"),
  kind: z.enum(["events", "spend", "rates"]),
  state: z
    .enum(["begun", "done", "undone"])
    .describe("`begun`: rows of it may be there; `done`: all are; `undone`: none is any more"),
  file: z.string(),
  begunAt: instant,
  header: z.string().describe("digest of the names of the columns"),
  rows: count.describe("of the file"),
  newRows: count,
  presentRows: count.describe("were there before, or come twice in the file"),
  differingRows: count.describe(
    "were there before with other values: of spend and rates the new ones hold, of events the ones that were there",
  ),
  refusedRows: count,
});
export const importsSchema = z.object({ imports: z.array(importRecordSchema) });
export const begunImportSchema = z.object({
  import: z.string(),
  tenant: z.string().describe("of the read key: the events must be of the same"),
});
export const knownRowsSchema = z.object({
  present: z.array(count).describe("places of rows that are there as they are, from 0"),
  differing: z.array(count).describe("places of rows that are there with other values"),
});
export const storedRowsSchema = z.object({ stored: count });
export const mappingAnswerSchema = z.object({
  mapping: z.unknown().describe("that a file with the same columns was last imported by, or null"),
});

export type ImportAnswer = z.infer<typeof importRecordSchema>;

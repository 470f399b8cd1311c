import { z } from "zod";
import { answeredTimes, count, currency, decimalText, instant } from "./fields.ts";

export const importSchema = z.object({
  imported: count,
  unmapped: z.array(z.string()).describe("columns of a file that fill nothing"),
});
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
  tenant: z.string().describe("of the import key: the events must be of the same"),
});
export const knownRowsSchema = z.object({
  present: z.array(count).describe("places of rows that are there as they are, from 0"),
  differing: z.array(count).describe("places of rows that are there with other values"),
});
export const storedRowsSchema = z.object({ stored: count });
export const mappingAnswerSchema = z.object({
  mapping: z.unknown().describe("that a file with the same columns was last imported by, or null"),
});

/** What a look at a file found. */
export const lookSchema = z.object({
  look: z.string().describe("names the kept file in its commit"),
  keptUntil: instant,
  format: z
    .record(z.string(), z.unknown())
    .describe("delimiter, charset, compression and the like"),
  notes: z.array(z.string()).describe("what was found and why"),
  mapping: z.unknown().describe("as `tributary import --mapping` takes it"),
  mappingFrom: z.enum(["remembered", "proposed"]),
  open: z
    .array(z.object({ key: z.string(), question: z.string(), choices: z.array(z.string()) }))
    .describe("what a person has to decide before a commit"),
  unmapped: z.array(z.string()).describe("columns that fill nothing"),
  rows: z
    .array(z.object({ line: count, row: z.unknown() }))
    .describe("the first rows as they would be; none while something is open"),
});
/** What a commit did. */
export const commitSchema = z.object({
  import: z.string().nullable().describe("null where nothing was sent"),
  rows: count,
  newRows: count,
  presentRows: count,
  differingRows: count,
  refusedRows: count,
  refusals: z
    .array(z.object({ line: count, column: z.string(), value: z.string(), reason: z.string() }))
    .describe("the first hundred"),
  rejects: z.string().describe("all refused rows as CSV, to mend and import again"),
});

export type ImportAnswer = z.infer<typeof importRecordSchema>;

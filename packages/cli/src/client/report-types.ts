/** What the reports service answers, checked on the way in. */
import { z } from "zod";

const decimalText = z.string().regex(/^-?\d+(?:\.\d+)?$/);

/** One group under one model; its dimensions are further fields, as asked for. */
export const reportRowSchema = z
  .object({
    model: z.string(),
    conversions: z.number(),
    /** Exact decimal text. */
    value: decimalText,
    /** ISO 4217, or "" where a conversion had none. */
    currency: z.string(),
    /** Where a confidence was asked for. */
    conversionsInterval: z.tuple([z.number(), z.number()]).optional(),
    valueInterval: z.tuple([z.number(), z.number()]).optional(),
  })
  .catchall(z.unknown());

const group = z.record(z.string(), z.string());

export const reportSchema = z.object({
  /** The time that was asked for, ms since 1970; absent for today's knowledge. */
  asOf: z.number().optional(),
  rows: z.array(reportRowSchema),
  /** Where a confidence was asked for: neighbours by credited conversions. */
  comparisons: z
    .array(
      z.object({
        model: z.string(),
        first: group,
        second: group,
        difference: z.number(),
        interval: z.tuple([z.number(), z.number()]),
        differ: z.boolean(),
      }),
    )
    .optional(),
  totals: z
    .object({
      conversions: z.number(),
      attributed: z.number(),
      unattributed: z.number(),
      value: z.array(z.object({ currency: z.string(), value: decimalText })),
    })
    .loose(),
});

/** One conversion: the result that is or was valid, and all its revisions. Times are ms since 1970. */
export const conversionSchema = z
  .object({
    asOf: z.number().optional(),
    id: z.string(),
    orderId: z.string(),
    name: z.string(),
    time: z.number(),
    userKey: z.string(),
    value: decimalText,
    currency: z.string(),
    revision: z.number(),
    touchpoints: z.array(
      z
        .object({
          index: z.number(),
          type: z.string(),
          time: z.number(),
          channel: z.string(),
          campaign: z.string(),
        })
        .loose(),
    ),
    credits: z.array(
      z.object({ model: z.string(), touch: z.number(), credit: decimalText, value: decimalText }),
    ),
    revisions: z.array(
      z
        .object({
          revision: z.number(),
          reason: z.string(),
          value: decimalText,
          touches: z.number(),
          attributedAt: z.number(),
        })
        .loose(),
    ),
  })
  .loose();

export type Conversion = z.infer<typeof conversionSchema>;
export type ReportRow = z.infer<typeof reportRowSchema>;
export type AttributionReport = z.infer<typeof reportSchema>;

/** A question to the reports, over HTTP or on the data folder. */
export interface ReportQuestion {
  readonly models: readonly string[];
  readonly by: readonly string[];
  /** ISO 8601; conversions from then on. */
  readonly from?: string | undefined;
  /** ISO 8601; conversions before then. */
  readonly to?: string | undefined;
  /** ISO 8601; what was known then. */
  readonly asOf?: string | undefined;
  /** How models over paths simplify them. */
  readonly transform?: string | undefined;
  /** "false": journeys that did not convert do not count. */
  readonly nonConverting?: string | undefined;
  /** Of the intervals around credits of models over paths. */
  readonly confidence?: string | undefined;
}

export const settledSchema = z.object({ settled: z.boolean() }).loose();

const groupLag = z
  .object({
    undelivered: z.number(),
    pending: z.number(),
    oldestAgeSeconds: z.number(),
    entriesPerSecond: z.number(),
    /** null: never, as it goes. */
    secondsToDrain: z.number().nullable(),
  })
  .loose();

export const lagSchema = z
  .object({
    partitions: z.array(
      groupLag.extend({
        partition: z.number(),
        owner: z.string().nullable(),
        epoch: z.number(),
        eventsPerSecond: z.number(),
        warehouse: groupLag,
      }),
    ),
    total: z.object({
      attribution: groupLag.extend({ eventsPerSecond: z.number() }),
      warehouse: groupLag,
    }),
    /** Events by account; a bound's are `dropped_<bound>`. */
    books: z.record(z.string(), z.number()),
    booksResidue: z.number(),
    deadLetters: z.object({ count: z.number(), oldestAgeSeconds: z.number() }),
  })
  .loose();

export type Lag = z.infer<typeof lagSchema>;

/** What the service answers, as its documentation shows it and its clients check it. */
import { CHANNEL_RULES } from "@tributary/attribution";
import { REVISION_REASONS } from "@tributary/protocol";
import { z } from "zod";

/** Why a touchpoint of the user is not on the conversion's path. */
export const NOT_COUNTED_REASONS = [
  "after_conversion",
  "outside_click_window",
  "outside_view_window",
  "arrived_later",
  "other_windows",
] as const;
export type NotCountedReason = (typeof NOT_COUNTED_REASONS)[number];

const decimalText = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?$/)
  .describe("exact decimal text");
const interval = z.tuple([z.number(), z.number()]).describe("low and high end");
const currency = z.string().describe('ISO 4217, or "" where there is none');
const instant = z.number().describe("ms since 1970");

/** One group under one model; its dimensions are further fields, as asked for. */
export const reportRowSchema = z
  .object({
    model: z.string(),
    conversions: z.number().describe("a sum of shares"),
    value: decimalText,
    currency,
    conversionsBefore: z.number().optional().describe("of the report compared with"),
    valueBefore: decimalText.optional(),
    conversionsChange: z.number().optional(),
    valueChange: decimalText.optional(),
    conversionsInterval: interval.optional(),
    valueInterval: interval.optional(),
  })
  .catchall(z.unknown());

const group = z.record(z.string(), z.string());

const windows = {
  clickWindowMs: z.number().describe("of clicks and visits"),
  viewWindowMs: z.number().describe("of impressions"),
};
const totals = z
  .object({
    conversions: z.number(),
    attributed: z.number(),
    unattributed: z.number(),
    value: z.array(z.object({ currency, value: decimalText })),
  })
  .loose();

export const reportSchema = z.object({
  asOf: instant.optional(),
  completeUpTo: instant.describe(
    "all that was accepted before then is in the report, ms since 1970; 0 where nobody knows",
  ),
  source: z
    .enum(["streamed", "facts"])
    .describe(
      "whether the workers' credits were added up, or conversions credited anew from facts",
    ),
  rules: z
    .object({
      ...windows,
      halfLifeMs: z.number(),
      windows: z.record(z.string(), z.object(windows)).optional(),
      viewThrough: z.boolean(),
      clickBeatsImpression: z.boolean(),
      afterConversion: z.string(),
      transform: z.string(),
      leaveOut: z.array(z.string()).optional(),
      leftOutTouchpoints: z.number().optional(),
    })
    .loose(),
  rows: z.array(reportRowSchema),
  comparisons: z
    .array(
      z.object({
        model: z.string(),
        first: group,
        second: group,
        difference: z.number(),
        interval,
        differ: z.boolean().describe("whether the journeys tell the two apart"),
      }),
    )
    .optional()
    .describe("neighbours by credited conversions, where a confidence was asked for"),
  totals,
  totalsBefore: totals.optional().describe("of the report compared with"),
});

/** One conversion: the result that is or was valid, and all its revisions. Times are ms since 1970. */
export const conversionSchema = z
  .object({
    asOf: instant.optional(),
    id: z.string(),
    orderId: z.string(),
    name: z.string(),
    time: instant,
    userKey: z.string(),
    value: decimalText,
    currency,
    revision: z.number(),
    touchpoints: z.array(
      z
        .object({
          index: z.number(),
          type: z.string(),
          time: instant,
          channel: z.string(),
          channelRule: z.enum(CHANNEL_RULES).optional().describe("why the channel is what it is"),
          campaign: z.string(),
        })
        .loose(),
    ),
    notCounted: z
      .array(
        z.object({
          id: z.string(),
          type: z.string(),
          time: instant,
          channel: z.string(),
          source: z.string(),
          medium: z.string(),
          campaign: z.string(),
          channelRule: z.enum(CHANNEL_RULES),
          reason: z.enum(NOT_COUNTED_REASONS),
        }),
      )
      .describe("the user's other touchpoints, and why each is not on the path"),
    notCountedTruncated: z.boolean().describe("whether there are more than the 1,000 looked at"),
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
          attributedAt: instant,
          traceId: z.string().describe("empty where the batch was not sampled"),
        })
        .loose(),
    ),
  })
  .loose();

export type Conversion = z.infer<typeof conversionSchema>;
export type ReportRow = z.infer<typeof reportRowSchema>;
export type AttributionReport = z.infer<typeof reportSchema>;

export const auditSchema = z.object({
  compared: z.number().describe("conversions"),
  agreed: z.number(),
  different: z.number(),
  differences: z
    .array(z.object({ conversion: z.string(), userKey: z.string(), difference: z.string() }))
    .describe("the first of them"),
  notComparable: z.object({
    late: z.number().describe("facts came so late that the workers may not have had all of them"),
  }),
});

export type Audit = z.infer<typeof auditSchema>;

const count = z.number();

export const conservationSchema = z.object({
  complete: z
    .boolean()
    .describe("whether all that was accepted was loaded; a residue says something only then"),
  events: z.object({
    accepted: count,
    duplicates: count,
    deadLettered: count,
    dropped: z.record(z.string(), count).describe("by the bound that dropped them"),
    touchpointsCredited: count,
    touchpointsWithoutConversion: count.describe("of users who have none"),
    touchpointsOutsideWindows: count.describe("of users whose conversions are not in the window"),
    conversionsAttributed: count,
    conversionsUnattributed: count,
    refunds: count,
    identifies: count,
    custom: count,
    erased: count.describe("events of people who were erased, of whatever kind"),
    residue: count.describe("accepted less all others"),
  }),
  money: z.array(
    z.object({
      currency,
      accepted: decimalText,
      credited: decimalText,
      unattributed: decimalText,
      refunded: decimalText,
      residue: decimalText.describe("accepted less all others"),
    }),
  ),
});

export type Conservation = z.infer<typeof conservationSchema>;

/** What a client needs of any report: its rows, and whatever else it says. */
export const rowsSchema = z.object({ rows: z.array(z.record(z.string(), z.unknown())) }).loose();

const rate = z.number().nullable().describe("null where there is nothing to divide by");
const eventCounts = {
  impressions: count,
  clicks: count,
  visits: count,
  custom: count,
  conversions: count,
  reach: count.describe("different users"),
  clickThroughRate: rate,
  conversionRate: rate,
};
const money = z.array(z.object({ currency, value: decimalText }));
const pathAmounts = { conversions: count, value: money, nonConverting: count };
const attributedTotals = { attributed: count, unattributed: count };

export const countsSchema = z.object({
  rows: z.array(z.object({ time: z.string().optional(), ...eventCounts }).catchall(z.string())),
  totals: z.object(eventCounts),
});
export const pathsSchema = z.object({
  rows: z.array(z.object({ path: z.string(), touchpoints: count, ...pathAmounts })),
  rest: z.object({ paths: count, ...pathAmounts }).describe("the paths that are not shown"),
  totals: z.object({ paths: count, ...pathAmounts }),
});
export const assistsSchema = z.object({
  rows: z.array(
    z
      .object({
        currency,
        first: count,
        last: count,
        assisted: count.describe("on the path, but not last"),
        assistedValue: decimalText,
        lastValue: decimalText,
        assistedPerLast: rate,
      })
      .catchall(z.string()),
  ),
  totals: z.object(attributedTotals),
});
export const timeToConvertSchema = z.object({
  rows: z.array(
    z.object({ measure: z.enum(["days", "touchpoints"]), length: count, conversions: count }),
  ),
  totals: z.object({
    ...attributedTotals,
    medianMs: count.nullable(),
    p90Ms: count.nullable(),
    medianTouchpoints: count.nullable(),
    p90Touchpoints: count.nullable(),
  }),
});

/** Lines of a group's statement, in their order: the first and the causes sum to the last. */
export const CHANGE_LINES = ["before", ...REVISION_REASONS, "after"] as const;

export const changesSchema = z.object({
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

/** What a group's spend and credits have to do with each other. */
export const COST_MATCHES = [
  "spend_and_conversions",
  "spend_without_conversion",
  "spend_without_touchpoint",
  "conversions_without_spend",
] as const;
const spendAndValue = {
  currency,
  spend: decimalText,
  value: decimalText,
  conversions: decimalText,
};
const returns = {
  roas: rate.describe("value for each unit spent"),
  cpa: rate.describe("spend for each conversion"),
};

export const costSchema = z.object({
  rows: z.array(
    z
      .object({
        ...spendAndValue,
        impressions: count,
        arrivals: count.describe("clicks and visits, in whatever currency"),
        ...returns,
        cpc: rate.describe("spend for each arrival"),
        match: z.enum(COST_MATCHES),
      })
      .catchall(z.string()),
  ),
  totals: z.array(
    z.object({
      ...spendAndValue,
      spendWithoutTouchpoint: decimalText,
      valueWithoutSpend: decimalText,
      ...returns,
    }),
  ),
});
export const importSchema = z.object({ imported: count });
export const spendSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, amount: decimalText }).catchall(z.string())),
});
export const ratesSchema = z.object({
  rows: z.array(z.object({ day: z.string(), currency, target: currency, rate: decimalText })),
});

const receipt = z.string().describe("a random UUID, which says nothing of the person");
const timeMs = z.number().describe("ms since 1970");

export const askedErasureSchema = z.object({
  receipt,
  state: z.literal("asked"),
  askedAt: timeMs,
  deadLetters: count.describe(
    "dead letters that are kept, of all tenants: they are not searched for events of the person",
  ),
});
export const erasureSchema = z.object({
  receipt,
  state: z
    .enum(["asked", "erased"])
    .describe("`erased`: by the workers, and in all tables of the warehouse"),
  askedAt: timeMs,
  erasedAt: timeMs.nullable(),
  erased: z
    .object({ events: count, conversions: count, touchpoints: count })
    .describe(
      "what went from the warehouse; events of every kind, conversions and touchpoints among them",
    ),
});
export const erasuresSchema = z.object({ erasures: z.array(erasureSchema) });
export type Erasure = z.infer<typeof erasureSchema>;

export const settledSchema = z.object({ settled: z.boolean() }).loose();

const groupLag = z
  .object({
    undelivered: z.number(),
    pending: z.number(),
    oldestAgeSeconds: z.number(),
    entriesPerSecond: z.number(),
    secondsToDrain: z.number().nullable().describe("null: never, as it goes"),
    lost: z.number().describe("entries that were gone before they were done with"),
    stranded: z
      .boolean()
      .describe("entries wait that no consumer is given: the group is lost, or was set past them"),
  })
  .loose();

const outboxLag = z
  .object({ entries: z.number(), oldestAgeSeconds: z.number() })
  .describe("messages to other partitions that are not relayed yet");

export const lagSchema = z
  .object({
    partitions: z.array(
      groupLag.extend({
        partition: z.number(),
        owner: z.string().nullable(),
        epoch: z.number(),
        eventsPerSecond: z.number(),
        warehouse: groupLag,
        outbox: outboxLag,
      }),
    ),
    total: z.object({
      attribution: groupLag.extend({ eventsPerSecond: z.number() }),
      warehouse: groupLag,
    }),
    outbox: outboxLag,
    webhooks: z
      .object({
        undelivered: z.number(),
        pending: z.number(),
        oldestAgeSeconds: z.number(),
        strandedPartitions: z.number(),
      })
      .nullable()
      .describe("results that the webhooks have not taken yet; null where none are sent"),
    books: z
      .record(z.string(), z.number())
      .describe("events by account; a bound's are dropped_BOUND"),
    booksResidue: z.number(),
    deadLetters: z.object({ count: z.number(), oldestAgeSeconds: z.number() }),
  })
  .loose();

export type Lag = z.infer<typeof lagSchema>;

export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    reason: z.string(),
    field: z.string().optional().describe("the parameter at fault"),
    given: z.string().optional().describe("what it held, shortened"),
    allowed: z.array(z.string()).optional(),
  }),
});

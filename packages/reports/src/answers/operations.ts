import { z } from "zod";

export const settledSchema = z.object({ settled: z.boolean() }).loose();

const groupLag = z
  .object({
    undelivered: z.number(),
    pending: z.number(),
    oldestAgeSeconds: z.number(),
    entriesPerSecond: z.number(),
    secondsToDrain: z.number().nullable().describe("null: never, at this rate"),
    lost: z.number().describe("entries that were gone before they were done with"),
    stranded: z
      .boolean()
      .describe("entries wait that no consumer is given: the group is lost, or was set past them"),
  })
  .loose();

const outboxLag = z
  .object({ entries: z.number(), oldestAgeSeconds: z.number() })
  .describe("messages to other partitions that are not relayed yet");

const lagSchema = z
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

/** What a tenant's key sees of it. */
const tenantLagSchema = z.object({
  tenant: z.string(),
  total: z
    .record(z.string(), z.object({ oldestAgeSeconds: z.number() }))
    .describe("by consumer group, the age of the oldest entry that waits"),
  books: z.record(z.string(), z.number()).describe("the tenant's events by account"),
  booksResidue: z.number(),
});

export type TenantLag = z.infer<typeof tenantLagSchema>;
export type Lag = z.infer<typeof lagSchema>;

/** Of a read key its tenant's part; of an operate key, and where none is needed, the whole platform's. */
export const lagAnswerSchema = z.union([tenantLagSchema, lagSchema]);

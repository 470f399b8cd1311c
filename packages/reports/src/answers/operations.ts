import { z } from "zod";

export const settledSchema = z.object({ settled: z.boolean() }).loose();

const groupLag = z
  .object({
    undelivered: z.number(),
    pending: z.number(),
    oldestAgeSeconds: z.number(),
    entriesPerSecond: z.number(),
    secondsToDrain: z.number().nullable().describe("null: never, at this rate"),
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
      .object({ undelivered: z.number(), pending: z.number(), oldestAgeSeconds: z.number() })
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

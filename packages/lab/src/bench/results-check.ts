import { Buffer } from "node:buffer";
import {
  BLOCK_FIELD,
  createRowDictionaries,
  EventRow,
  readResultBlock,
  REVISION_REASONS,
  resultsKey,
} from "@tributary/protocol";
import { entryTimeMs } from "@tributary/streams";
import type { Redis } from "ioredis";
import { CONVERSION_PREFIX } from "./load/bodies.ts";

const PAGE = 64;
const FIRST = REVISION_REASONS.indexOf("first");

/** The results of the sent conversions. */
export interface ResultsFound {
  /** Conversions with a first result. */
  readonly attributed: number;
  readonly lost: number;
  /** First results beyond a conversion's first. */
  readonly duplicated: number;
  /** From the time of each conversion to the commit of its first result, ms, in no order. */
  readonly latenciesMs: Float64Array;
}

/**
 * Reads all results and compares them with the sent conversions, which are numbered from 0. An entry's ID holds the
 * server's clock at its commit.
 * @param conversions number of sent ones @param latencyFrom the first conversion whose latency is measured
 */
export async function checkResults(
  redis: Redis,
  partitions: number,
  conversions: number,
  latencyFrom: number,
): Promise<ResultsFound> {
  const seen = new Uint8Array(conversions);
  const latenciesMs = new Float64Array(Math.max(0, conversions - latencyFrom));
  let attributed = 0;
  let duplicated = 0;
  let measured = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    for await (const { timeMs, block } of resultBlocks(redis, partition)) {
      const dictionaries = createRowDictionaries(0);
      const result = readResultBlock(block, dictionaries);
      const row = new EventRow();
      for (let i = 0; result.conversions.next(row); i += 1) {
        if (result.reasons[i] !== FIRST) continue;
        const number = conversionNumber(row, conversions);
        if (seen[number] === 1) {
          duplicated += 1;
          continue;
        }
        seen[number] = 1;
        attributed += 1;
        if (number < latencyFrom) continue;
        latenciesMs[measured] = timeMs - row.time;
        measured += 1;
      }
    }
  }
  return {
    attributed,
    lost: conversions - attributed,
    duplicated,
    latenciesMs: latenciesMs.subarray(0, measured),
  };
}

async function* resultBlocks(redis: Redis, partition: number) {
  for (let from = "-"; ;) {
    const page = await redis.xrangeBuffer(resultsKey(partition), from, "+", "COUNT", PAGE);
    for (const [id, fields] of page) {
      const at = fields.findIndex((field, i) => i % 2 === 0 && field.toString() === BLOCK_FIELD);
      yield { timeMs: entryTimeMs(id.toString()), block: fields[at + 1] as Buffer };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = `(${last[0].toString()}`;
  }
}

function conversionNumber(row: EventRow, conversions: number): number {
  const id = Buffer.from(row.id.buffer, row.id.byteOffset + row.idStart, row.idLength).toString();
  const number = id.startsWith(CONVERSION_PREFIX) ? Number(id.slice(CONVERSION_PREFIX.length)) : -1;
  if (!(number >= 0 && number < conversions)) {
    throw new Error(`a result of a conversion that was not sent: ${id}`);
  }
  return number;
}
